"""Lists every address of the site, from the URL configuration itself."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import get_resolver, reverse
from django.urls.resolvers import URLPattern, URLResolver


@dataclass(frozen=True, slots=True)
class Address:
    """One pattern.

    `key` is its name, with the parameters where several share the name; a pattern that takes
    whatever is left over has no name and is called `*`.
    """

    key: str
    name: str
    route: str
    params: tuple[str, ...]

    def path(self, kwargs: dict[str, object]) -> str:
        if self.name == "admin:*":
            return "/admin/there-is-nothing-here/"
        return reverse(self.name, kwargs=kwargs)


def addresses() -> dict[str, Address]:
    """Every pattern by its key; a pattern without a name is called by its route."""
    found = list(_walk(get_resolver(), "/", ()))
    times = Counter(name for name, _, _ in found)
    made = {}
    for name, route, params in found:
        key = f"{name}({','.join(params)})" if times[name] > 1 and params else name
        made[key] = Address(key, name, route, params)
    assert len(made) == len(found), "two patterns have one name and the same parameters"
    return made


def _walk(
    resolver: URLResolver, prefix: str, spaces: tuple[str, ...]
) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for one in resolver.url_patterns:
        route = prefix + str(one.pattern)
        if isinstance(one, URLPattern):
            yield ":".join([*spaces, one.name or "*"]), route, tuple(one.pattern.regex.groupindex)
        else:
            yield from _walk(one, route, spaces + ((one.namespace,) if one.namespace else ()))
