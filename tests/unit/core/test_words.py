import pytest

from core.words import listed


@pytest.mark.parametrize(
    ("parts", "said"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")],
)
def test_listed_puts_an_and_before_the_last(parts, said):
    assert listed(parts) == said
