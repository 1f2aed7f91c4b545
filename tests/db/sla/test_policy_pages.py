"""The pages on which a RevOps admin edits policies."""

from datetime import UTC

import pytest
from django.urls import reverse

from accounts.choices import Role
from sla import dialogs
from sla.choices import ClockKind
from sla.models import Clock, PolicyVersion
from tests.factories.accounts import make_user
from tests.factories.handoff import NOW, make_world
from worktime.rules import preset_calendars
from worktime.rules.presets import ALWAYS
from worktime.services import create_calendar, retire_calendar

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(client, time_machine):
    time_machine.move_to(NOW, tick=False)
    world = make_world()
    client.force_login(world.admin)
    return world


def address(name, *args):
    return reverse(f"admin:sla_policyversion_{name}", args=args)


def rows(prefix, *entries):
    data = {f"{prefix}-TOTAL_FORMS": len(entries), f"{prefix}-INITIAL_FORMS": 0}
    for n, entry in enumerate(entries):
        data |= {f"{prefix}-{n}-{name}": value for name, value in entry.items()}
    return data


REMINDER = {"distance": "25", "side": "before", "action": "remind", "told": ["receiver"]}


def sent(*, conditions=(), steps=None, **changes):
    """What the browser sends of a policy with targets for accept and for contact."""
    steps = steps or {}
    data = {
        "name": "Hot leads",
        "position": "10",
        "calendar": "",
        "since": "0",
        "example": "2026-11-17T11:00",
        **rows("conditions", *conditions),
    }
    for kind in ClockKind.values:
        data |= {f"{kind}-amount": "", f"{kind}-length": "hours"}
        data |= rows(f"{kind}-steps", *steps.get(kind, ()))
    return data | {"accept-amount": "4"} | changes


HOT = {"fact": "temperature", "op": "eq", "value": "Hot"}


def test_policies_are_listed_in_words(client, world):
    page = client.get(address("changelist"), follow=True).content.decode()
    assert "everything else" in page
    assert "4 h of working time" in page


def test_new_policy_published_applies_its_targets_and_ladder(client, world):
    data = sent(
        conditions=[HOT],
        steps={
            "accept": [REMINDER, {"distance": "0", "side": "after", "action": "reassign"}],
            "contact": [
                {"distance": "100", "side": "after", "action": "return_to_submitter", "told": []}
            ],
        },
        **{"contact-amount": "1", "contact-length": "days"},
    )
    answer = client.post(address("new"), data, follow=True)
    assert "new clocks from now on follow version 1" in answer.content.decode().lower()
    version = PolicyVersion.objects.get(policy__key="hot-leads")
    assert version.conditions == {"all": [{"field": "temperature", "op": "eq", "value": "hot"}]}
    assert {(t.kind, t.amount, t.unit) for t in version.targets.all()} == {
        ("accept", 240, "working_minutes"),
        ("contact", 1, "working_days"),
    }
    accept = version.targets.get(kind="accept")
    assert set(accept.steps.values_list("offset_percent", "action")) == {
        (-25, "remind"),
        (0, "breach"),
        (0, "reassign"),
    }


def test_policy_asks_for_every_fact_of_a_lead_and_is_told_in_words(client, world):
    asked = [
        {"fact": "segment", "op": "in", "value": "SMB, Mid Market"},
        {"fact": "product", "op": "starts_with", "value": "ana"},
        {"fact": "language", "op": "known", "value": ""},
        {"fact": "score", "op": "gt", "value": "50"},
    ]
    client.post(address("new"), sent(conditions=asked))
    made = PolicyVersion.objects.order_by("-id").first()
    assert made.conditions["all"][2] == {"field": "language", "op": "known"}
    words = (
        "segment is SMB or Mid Market and product starts with ana and language is known and score "
        "is over 50"
    )
    assert words in client.get(address("changelist"), follow=True).content.decode()
    again = edited(client, made) | {"conditions-INITIAL_FORMS": 4, "position": "11"}
    assert again["conditions-2-op"] == "known"
    client.post(address("edit", made.pk), again)
    last = PolicyVersion.objects.order_by("-id").first()
    assert (last.n, last.conditions) == (2, made.conditions)


def test_policy_pages_suggest_the_values_in_use(client, world):
    world.submitted(company__country="Freedonia")
    page = client.get(address("new")).content.decode()
    assert '<option value="Freedonia">' in page
    assert '<option value="hot">Hot</option>' in page


def edited(client, version):
    """What an edit of the version sends when nothing is changed."""
    form = client.get(address("edit", version.pk)).context["form"]
    data = {name: form[name].value() or "" for name in ("name", "position", "since")}
    calendar = form["calendar"].value()
    data["calendar"] = getattr(calendar, "pk", calendar) or ""
    data |= {"example": "2026-11-17T11:00", "is_default": "on" if version.is_default else ""}
    for group in (form.conditions, *(part.rows for part in form.parts)):
        data |= rows(group.prefix, *(one.initial for one in group.initial_forms))
    for part in form.parts:
        data |= {f"{part.kind}-{k}": v for k, v in part.form.initial.items()}
        data.setdefault(f"{part.kind}-length", "hours")
    return {name: value for name, value in data.items() if value != ""}


def test_edit_saved_unchanged_says_the_same_and_running_clocks_keep_theirs(client, world):
    world.submitted()
    before = PolicyVersion.objects.get(state="published")
    clocks = Clock.objects.live().count()
    page = client.get(address("edit", before.pk)).content.decode()
    assert f"{clocks} running clock" in page
    assert "Publish version 2" in page
    answer = client.post(address("edit", before.pk), edited(client, before), follow=True)
    assert f"{clocks} running clock" in answer.content.decode()
    after = PolicyVersion.objects.get(state="published")
    assert after.n == 2
    said = [
        (t.kind, t.amount, t.unit, s.offset_percent, s.action, s.recipients)
        for t in before.targets.all()
        for s in t.steps.all()
    ]
    assert sorted(said) == sorted(
        (t.kind, t.amount, t.unit, s.offset_percent, s.action, s.recipients)
        for t in after.targets.all()
        for s in t.steps.all()
    )


def test_edit_of_something_else_keeps_a_retired_calendar(client, world):
    hours = create_calendar(name="A", data=preset_calendars()[ALWAYS], by=None, now=NOW)
    before = PolicyVersion.objects.get(state="published", is_default=True)
    client.post(address("edit", before.pk), edited(client, before) | {"calendar": hours.pk})
    retire_calendar(hours, by=None, now=NOW)
    version = PolicyVersion.objects.get(state="published", is_default=True)
    assert version.calendar == hours
    client.post(address("edit", version.pk), edited(client, version) | {"position": "77"})
    version = PolicyVersion.objects.get(state="published", is_default=True)
    assert (version.position, version.calendar) == (77, hours)


def test_edit_of_a_version_replaced_meanwhile_is_refused(client, world):
    before = PolicyVersion.objects.get(state="published")
    data = edited(client, before)
    client.post(address("edit", before.pk), data)
    answer = client.post(address("edit", before.pk), data)
    assert answer.status_code == 409
    assert PolicyVersion.objects.filter(policy=before.policy).count() == 2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"conditions": [HOT | {"value": "boiling"}]}, "is not known here"),
        ({"conditions": [{"fact": "size", "op": "gte", "value": "many"}]}, "Write a whole number"),
        ({"conditions": [{"fact": "score", "op": "gt", "value": "high"}]}, "Write a whole number"),
        (
            {"conditions": [{"fact": "size", "op": "contains", "value": "5"}]},
            "contains cannot be asked of size",
        ),
        (
            {"conditions": [{"fact": "segment", "op": "unknown", "value": "SMB"}]},
            "Leave this empty where the fact is not known",
        ),
        ({"conditions": [{"fact": "segment", "op": "eq", "value": ""}]}, "Fill in both"),
        ({"conditions": []}, "only the default fits every handoff"),
        (
            {"conditions": [HOT], "steps": {"accept": [REMINDER | {"side": "after"}]}},
            "A reminder must come before the due time",
        ),
        (
            {"conditions": [HOT], "steps": {"accept": [REMINDER | {"told": []}]}},
            "Name one or more of",
        ),
        ({"conditions": [HOT], "steps": {"contact": [REMINDER]}}, "Give the ladder a target"),
        ({"conditions": [HOT], "accept-amount": "0"}, "greater than or equal to 1"),
        ({"conditions": [HOT], "accept-amount": ""}, "Add at least one target"),
        ({"conditions": [HOT], "position": "100"}, "Another policy has this position"),
        ({"conditions": [HOT], "name": "?!"}, "with a letter or a digit"),
    ],
)
def test_policy_that_cannot_be_is_refused_and_keeps_what_was_typed(client, world, changes, words):
    answer = client.post(address("new"), sent(**changes))
    assert 400 <= answer.status_code < 500
    page = answer.content.decode()
    assert words in page.replace("&#x27;", "'")
    assert PolicyVersion.objects.count() == 1
    if "name" not in changes:
        assert 'value="Hot leads"' in page


@pytest.mark.parametrize(
    "changes",
    [
        {"conditions-TOTAL_FORMS": "x"},
        {"accept-steps-TOTAL_FORMS": "99999999"},
        {"accept-amount": "9" * 5000},
        {"name": "a\0b"},
        {"since": "9" * 30},
        {"accept-length": "weeks"},
    ],
)
def test_hostile_policy_is_refused_without_an_error(client, world, changes):
    answer = client.post(address("new"), sent(conditions=[HOT], **changes))
    assert 400 <= answer.status_code < 500
    assert PolicyVersion.objects.count() == 1


@pytest.mark.parametrize("example", ["0001-01-01T00:00", "9999-12-31T23:59"])
@pytest.mark.parametrize("button", [{"look": "1"}, {"draft": "1"}, {}])
def test_example_in_a_far_year_is_refused_at_its_field_and_keeps_the_rest(
    client, world, example, button
):
    answer = client.post(address("new"), sent(conditions=[HOT], example=example, **button))
    assert answer.context["form"].errors["example"] == ["Give a year from 2000 to 2100."]
    assert 'value="Hot leads"' in answer.content.decode()


@pytest.mark.parametrize("look", ["1", "weeks"])
def test_example_without_open_time_is_drawn_without_times_and_says_so(client, world, look):
    world.submitted(temperature="hot")
    fair = {"date": "2026-12-01", "windows": [{"start": "10:00", "end": "12:00"}]}
    hours = preset_calendars()[ALWAYS] | {"windows": [], "shifts": [fair]}
    never = create_calendar(name="Fair", data=hours, by=world.admin.pk, now=NOW)
    data = sent(conditions=[HOT], steps={"contact": [REMINDER]}, calendar=str(never.pk), look=look)
    data |= {"contact-amount": "4"}
    answer = client.post(address("new"), data)
    page = answer.content.decode()
    assert (answer.status_code, 'value="Hot leads"' in page) == (200, True)
    assert "Drawn without times. This calendar has no open time there" in page
    del data["look"]
    client.post(address("new"), data | {"draft": "1", "saves": "0"})
    kept = client.get(address("change", the_draft().pk))
    assert "Drawn without times." in kept.content.decode()


def test_looking_draws_the_ladder_and_writes_nothing(client, world):
    data = sent(conditions=[HOT], steps={"accept": [REMINDER]}, look="1")
    page = client.post(address("new"), data)
    assert page.status_code == 200
    line = {part.kind: line for part, line in page.context["parts"]}["accept"]
    # From 11:00 in Berlin for 4 h: reminded an hour before due.
    times = [f"{mark.at.astimezone(UTC):%H:%M}" for mark in line.drawing.marks]
    assert times == ["10:00", "13:00", "14:00"]
    assert PolicyVersion.objects.count() == 1


def test_add_button_without_a_script_gives_one_more_row_and_keeps_the_others(client, world):
    data = sent(conditions=[HOT], steps={"accept": [REMINDER]}, add="accept-steps")
    form = client.post(address("new"), data).context["form"]
    accept = next(part for part in form.parts if part.kind == "accept")
    assert [row["distance"].value() for row in accept.rows] == ["25", None]


def test_shipped_sets_are_shown_before_one_is_published(client, world):
    page = client.get(address("preset")).content.decode()
    assert "Hot leads" in page
    assert "1 h of working time" in page
    answer = client.post(address("preset"), {"name": "temperatures"}, follow=True)
    assert "for new clocks from now on" in answer.content.decode()
    assert PolicyVersion.objects.filter(state="published").count() == 3


def test_retired_policy_is_no_longer_used_and_the_default_stays(client, world):
    client.post(address("new"), sent(conditions=[HOT]))
    hot = PolicyVersion.objects.get(policy__key="hot-leads")
    client.post(address("retire", hot.pk))
    default = PolicyVersion.objects.get(state="published")
    assert default.is_default
    assert client.post(address("retire", default.pk)).status_code == 400
    assert PolicyVersion.objects.filter(state="published").count() == 1


def test_policy_pages_only_admins_edit(client, world):
    version = PolicyVersion.objects.get()
    for user in (world.manager, world.sdr, world.ae):
        client.force_login(user)
        assert client.get(address("change", version.pk)).status_code == 200
        for target in (address("new"), address("edit", version.pk), address("preset")):
            assert client.get(target).status_code == 403
            assert client.post(target, sent()).status_code == 403


def test_edit_page_takes_equal_queries_for_one_running_clock_and_many(
    client, world, django_assert_max_num_queries
):
    version = PolicyVersion.objects.get()
    with django_assert_max_num_queries(40) as first:
        client.get(address("edit", version.pk))
    for _ in range(5):
        world.submitted()
    with django_assert_max_num_queries(len(first.captured_queries)):
        client.get(address("edit", version.pk))


def published_with_accept(client, amount):
    version = PolicyVersion.objects.get(state="published")
    data = edited(client, version) | {"accept-amount": amount, "accept-length": "minutes"}
    client.post(address("edit", version.pk), data)
    return PolicyVersion.objects.get(state="published")


def test_retime_page_shows_what_would_happen_and_writes_nothing(client, world):
    world.submitted()
    published_with_accept(client, 60)
    before = list(Clock.objects.order_by("pk").values())
    page = client.get(address("retime"))
    assert "Re-time 2 clocks" in page.content.decode()
    preview = page.context["preview"]
    assert (preview.sum.count, preview.sum.earlier, preview.sum.missed) == (2, 1, 0)
    look = client.post(address("retime"), {"scope": "all", "look": "1"})
    assert look.context["preview"] == preview
    assert list(Clock.objects.order_by("pk").values()) == before


def test_retime_page_does_it_and_says_what_became_of_the_clocks(client, world):
    handoff = world.submitted()
    version = published_with_accept(client, 60)
    answer = client.post(
        address("retime"), {"scope": f"policy-{version.policy_id}"}, follow=True
    ).content.decode()
    assert "2 clocks re-timed: 1 due earlier" in answer
    assert handoff.events.get(kind="retimed").by == world.admin
    page = client.get(address("retime")).content.decode()
    assert "Nothing is left to re-time" in page


def test_retime_page_opens_with_the_policy_that_led_there(client, world):
    version = PolicyVersion.objects.get()
    page = client.get(address("change", version.pk)).content.decode()
    assert f"?scope=policy-{version.policy_id}" in page
    form = client.get(address("retime"), {"scope": f"policy-{version.policy_id}"}).context["form"]
    assert form["scope"].value() == f"policy-{version.policy_id}"


@pytest.mark.parametrize("scope", ["policy-999999", "calendar-x", "a\0b", "policy-" + "9" * 5000])
def test_retime_page_hostile_scope_is_refused_without_an_error(client, world, scope):
    assert client.post(address("retime"), {"scope": scope}).status_code == 422
    page = client.get(address("retime"), {"scope": scope})
    assert (page.status_code, page.context["form"]["scope"].value()) == (200, "all")


def test_retime_press_looks_at_so_many_clocks_and_the_next_one_goes_on(client, world, monkeypatch):
    monkeypatch.setattr(dialogs, "BATCH", 2)
    monkeypatch.setattr(dialogs, "MOST_SHOWN", 4)
    handoffs = [world.submitted() for _ in range(3)]
    version = published_with_accept(client, 60)
    hours = preset_calendars()[ALWAYS]
    nobodys = create_calendar(name="Nobody's", data=hours, by=None, now=NOW)
    scope = {"scope": f"policy-{version.policy_id}"}
    other = {"scope": f"calendar-{nobodys.pk}"}

    def pressed(data):
        return client.post(address("retime"), data, follow=True).content.decode()

    assert "0 clocks re-timed" in pressed(other)
    page = client.get(address("retime"), other)
    assert (page.context["preview"].passed, page.context["preview"].looked_at) == (4, 2)
    assert client.get(address("retime"), scope).context["preview"].passed == 0
    assert "4 of 6 open clocks have been looked at: open the page again" in pressed(scope)
    assert not handoffs[2].events.filter(kind="retimed").exists()
    assert "2 clocks re-timed" in pressed(scope)
    assert handoffs[2].events.filter(kind="retimed").exists()
    # Those that took the place of others come last, and nothing is left to do about them.
    last = pressed(scope)
    assert "0 clocks re-timed" in last
    assert "have been looked at" not in last
    assert client.get(address("retime"), scope).context["preview"].passed == 0


def test_retime_page_goes_on_where_nothing_is_left_in_what_it_shows(client, world, monkeypatch):
    monkeypatch.setattr(dialogs, "MOST_SHOWN", 2)
    for _ in range(2):
        world.submitted()
    page = client.get(address("retime")).content.decode()
    assert "Go on with the rest</button>" in page
    assert "Nothing is left" not in page


def test_retime_page_offers_also_a_policy_that_is_used_no_more(client, world):
    version = PolicyVersion.objects.get()
    world.submitted()
    client.post(address("preset"), {"name": "inbound"})
    page = client.get(address("retime"), {"scope": f"policy-{version.policy_id}"})
    assert page.context["form"]["scope"].value() == f"policy-{version.policy_id}"
    assert page.context["preview"].sum.count == 2


def test_retime_page_takes_equal_queries_for_one_clock_and_many(
    client, world, django_assert_max_num_queries
):
    world.submitted()
    published_with_accept(client, 60)
    with django_assert_max_num_queries(40) as first:
        client.get(address("retime"))
    count = len(first.captured_queries)
    for _ in range(5):
        world.submitted()
    published_with_accept(client, 30)
    with django_assert_max_num_queries(count):
        client.get(address("retime"))


def the_draft():
    return PolicyVersion.objects.get(state="draft")


def sent_dialog(client, name, seen=None):
    """Press the button of the dialog, as it was read now or before."""
    seen = seen or client.get(address(name, the_draft().pk))
    data = {"saves": seen.context["form"]["saves"].value()}
    return client.post(address(name, the_draft().pk), data, follow=True)


def test_draft_is_saved_looked_at_and_published(client, world):
    world.submitted(temperature="hot")
    data = sent(conditions=[HOT], saves="0", draft="1", **{"accept-amount": "1"})
    answer = client.post(address("new"), data, follow=True).content.decode()
    assert "The draft of Hot leads is saved" in answer
    page = client.get(address("change", the_draft().pk))
    assert "1 clock that started in the last 4 weeks" in " ".join(page.content.decode().split())
    assert page.context["lookback"].rows[0].tally.count == 1
    told = sent_dialog(client, "publish").content.decode()
    assert "New clocks from now on follow version 1" in told
    assert PolicyVersion.objects.get(policy__key="hot-leads").state == "published"


def test_edit_goes_on_from_the_draft_and_uses_it_up(client, world):
    version = PolicyVersion.objects.get()
    data = edited(client, version) | {"saves": "0", "draft": "1", "accept-amount": "3"}
    client.post(address("edit", version.pk), data)
    assert (
        "A draft of this policy waits" in client.get(address("change", version.pk)).content.decode()
    )
    form = client.get(address("edit", version.pk)).context["form"]
    assert (form["saves"].value(), form.parts[1].form["amount"].value()) == (1, 3)
    again = edited(client, version) | {"saves": "1"}
    assert client.post(address("edit", the_draft().pk), again).status_code == 302
    published = PolicyVersion.objects.get(state="published")
    assert (published.n, published.targets.get(kind="accept").amount) == (2, 180)
    assert not PolicyVersion.objects.filter(state="draft").exists()


def test_draft_discarded_is_gone_and_its_page_too(client, world):
    client.post(address("new"), sent(conditions=[HOT], saves="0", draft="1"))
    draft = the_draft()
    answer = sent_dialog(client, "discard")
    assert "The draft of Hot leads is gone" in answer.content.decode()
    assert client.get(address("change", draft.pk)).status_code == 404


@pytest.mark.parametrize("name", ["publish", "discard"])
def test_draft_saved_by_another_admin_after_the_dialog_opened_stays_a_draft(client, world, name):
    first = sent(conditions=[HOT], saves="0", draft="1", **{"accept-amount": "1"})
    client.post(address("new"), first)
    seen = client.get(address(name, the_draft().pk))
    assert "Accept: 1 h of working time" in seen.content.decode()
    client.force_login(make_user(roles=[Role.ADMIN], name="Ben Ops"))
    again = first | {"saves": "1", "since": "0", "accept-amount": "100"}
    assert client.post(address("edit", the_draft().pk), again).status_code == 302
    client.force_login(world.admin)
    refused = sent_dialog(client, name, seen)
    assert refused.status_code == 409
    assert "Ben Ops has saved this draft meanwhile. Nothing was changed" in refused.content.decode()
    assert the_draft().draft["saves"] == 2
    assert not PolicyVersion.objects.filter(policy__key="hot-leads", state="published").exists()
    sent_dialog(client, name)
    assert not PolicyVersion.objects.filter(state="draft").exists()


def test_edit_page_judges_the_last_four_weeks_by_what_is_typed(client, world):
    world.submitted()
    version = PolicyVersion.objects.get()
    data = edited(client, version) | {"accept-amount": "1", "accept-length": "elapsed_minutes"}
    page = client.post(address("edit", version.pk), data | {"look": "1"})
    assert page.context["lookback"] is None
    world.submitted(now=NOW.replace(hour=9))
    page = client.post(address("edit", version.pk), data | {"look": "weeks"})
    accept = next(one.tally for one in page.context["lookback"].rows if one.name == "Accept")
    assert (accept.count, accept.was_missed, accept.would_miss) == (2, 0, 1)
    wrong = client.post(address("edit", version.pk), data | {"look": "weeks", "name": ""})
    assert wrong.context["lookback"] is None
    assert PolicyVersion.objects.count() == 1


def test_shipped_set_is_judged_by_the_last_four_weeks_before_it_is_published(client, world):
    world.submitted()
    page = client.post(address("preset"), {"name": "inbound", "look": "weeks"})
    assert page.context["lookback"].count == 2
    assert "<b>Standard</b>" in page.content.decode()
    assert client.post(address("preset"), {"name": "x", "look": "weeks"}).status_code == 200
    assert PolicyVersion.objects.get(state="published").policy.key == "standard"


def test_shipped_set_published_leaves_running_clocks_as_they_are(client, world):
    world.submitted()
    before = list(Clock.objects.order_by("pk").values())
    client.post(address("preset"), {"name": "inbound"})
    assert list(Clock.objects.order_by("pk").values()) == before
