"""The pages on which pools, members and capacities are changed, and what they tell."""

import pytest
from django.urls import reverse

from accounts.choices import Role
from accounts.models import User
from accounts.services import create_team, set_membership
from notify.models import Message
from notify.registry import refresh
from routing.models import Load, Member, Pool
from routing.services import add_member, create_pool
from tests.factories.handoff import NOW, make_world
from worktime.models import Calendar

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(client, time_machine):
    time_machine.move_to(NOW, tick=False)
    world = make_world()
    client.force_login(world.admin)
    return world


def address(name, member):
    return reverse(f"admin:routing_member_{name}", args=[member.pk])


def seats(world):
    return list(Member.objects.order_by("pk"))


def told(answer):
    return " ".join(str(message) for message in answer.context["messages"])


def test_member_change_tells_from_when_and_what_stays(client, world):
    handoff = world.submitted()
    member = Member.objects.get(user=world.receiver_of(handoff))
    data = {"weight": "3", "is_active": "on"}
    answer = client.post(address("edit", member), data, follow=True)
    assert "with weight 3, from the next lead on" in told(answer)
    assert "1 open lead stays where it is." in told(answer)


def test_last_active_member_rests_only_after_a_second_word(client, world):
    first, last = seats(world)
    assert client.post(address("edit", first), {"weight": "1"}).status_code == 302
    page = client.get(address("edit", last)).content.decode()
    assert "New leads would wait in holding" in page
    for change in ({"weight": "1"}, {"weight": "0", "is_active": "on"}):
        assert client.post(address("edit", last), change).status_code == 422
    last.refresh_from_db()
    assert (last.is_active, last.weight) == (True, 1)
    answer = client.post(address("edit", last), {"weight": "1", "is_sure": "on"}, follow=True)
    assert "they wait in holding with Helen Brandt" in told(answer)
    last.refresh_from_db()
    assert not last.is_active


def test_member_who_is_not_the_last_is_not_asked_twice(client, world):
    assert "is_sure" not in client.get(address("edit", seats(world)[0])).content.decode()


def test_backup_is_chosen_among_the_other_members(client, world):
    one, other = seats(world)
    answer = client.post(address("backup", one), {"backup": other.pk}, follow=True)
    assert f"{other.user} takes over from {one.user}" in told(answer)
    one.refresh_from_db()
    assert one.backup == other
    assert client.post(address("backup", one), {"backup": one.pk}).status_code == 422
    # A circle is refused by the service, at the field.
    answer = client.post(address("backup", other), {"backup": one.pk})
    assert answer.status_code == 400
    assert answer.context["form"].errors["backup"]


def test_limit_below_the_load_takes_nothing_away_and_says_so(client, world):
    handoff = world.submitted()
    member = Member.objects.get(user=world.receiver_of(handoff))
    page = client.get(address("capacity", member)).content.decode()
    assert f"{member.user} has 1 open." in page
    assert f"{member.user} got 1 today." in page
    answer = client.post(address("capacity", member), {"capacity": "1"}, follow=True)
    assert "may have 1 open at a time, from the next lead on" in told(answer)
    assert "1 open lead stays where it is." in told(answer)
    assert "No new one comes before there is room." in told(answer)
    data = {"capacity": "9", "day_limit": "3", "week_limit": "7"}
    answer = client.post(address("capacity", member), data, follow=True)
    assert "may have 9 open at a time, 3 a day, 7 a week" in told(answer)
    assert "No new one" not in told(answer)
    load = Load.objects.get(user=member.user)
    assert (load.open_count, load.day_limit, load.week_limit) == (1, 3, 7)
    assert "1 of 3" in answer.content.decode()


def test_limit_of_0_for_the_last_one_asks_once_more(client, world):
    first, last = seats(world)
    Member.objects.filter(pk=first.pk).update(is_active=False)
    assert client.post(address("capacity", last), {"day_limit": "0"}).status_code == 422
    assert Load.objects.get(user=last.user).day_limit is None
    data = {"day_limit": "0", "is_sure": "on"}
    assert client.post(address("capacity", last), data).status_code == 302


def test_limit_of_0_asks_for_every_pool_that_the_person_is_the_last_one_of(client, world):
    member = seats(world)[0]
    for name in ("Alps", "Benelux"):
        pool = create_pool(name=name, manager=world.manager, by=world.admin, now=NOW)
        add_member(pool=pool, user=member.user, by=world.admin, now=NOW)
    answer = client.post(address("capacity", member), {"capacity": "0"})
    assert answer.status_code == 422
    words = "Nobody else takes leads in Alps and Benelux. New leads would wait in holding"
    assert words in answer.content.decode()
    assert not Message.objects.filter(kind="pool_emptied").exists()
    data = {"capacity": "0", "is_sure": "on"}
    answer = client.post(address("capacity", member), data, follow=True)
    assert words in told(answer)
    sent = Message.objects.filter(kind="pool_emptied", channel="inbox")
    assert {one.recipient for one in sent} == {world.manager}
    shown = [refresh(one, NOW) for one in sent]
    assert {one.subject for one in shown} == {
        "Alps: nobody takes leads",
        "Benelux: nobody takes leads",
    }
    assert shown[0].body.startswith(f"{member.user} may have no leads, and nobody else is there.")
    client.post(address("capacity", member), {"capacity": "1"})
    assert [refresh(one, NOW) for one in sent] == [None, None]


@pytest.mark.parametrize("field", ["capacity", "day_limit", "week_limit"])
@pytest.mark.parametrize("value", ["-1", "1000001", "9" * 30, "many", "\0"])
def test_limit_that_cannot_be_meant_is_refused_at_its_field(client, world, field, value):
    answer = client.post(address("capacity", seats(world)[0]), {field: value})
    assert 400 <= answer.status_code < 500
    assert answer.context["form"].errors[field]


def test_skills_are_typed_with_commas_and_kept_in_lower_case(client, world):
    member = seats(world)[0]
    data = {"language": " German, english,, GERMAN", "product": "CRM"}
    answer = client.post(address("skills", member), data, follow=True)
    assert "has: english, german, crm. Pools that look at skills go by it" in told(answer)
    page = client.get(address("skills", member)).content.decode()
    assert 'value="english, german"' in page
    client.post(address("skills", member), {"language": "english"})
    assert [str(skill.value) for skill in member.user.skills.all()] == ["english"]
    assert "german" in str(list(member.user.skills.model.history.values_list("value", flat=True)))


@pytest.mark.parametrize("text", ["x" * 61, "a\tb\x07", ",".join(map(str, range(51)))])
def test_skills_that_cannot_be_kept_are_refused_with_words_and_stay_typed(client, world, text):
    answer = client.post(address("skills", seats(world)[0]), {"segment": text})
    assert 400 <= answer.status_code < 500
    assert answer.context["form"].errors["segment"]
    assert not seats(world)[0].user.skills.exists()


def test_pool_page_says_why_each_is_passed_over_and_who_comes_second(client, world):
    first, last = seats(world)
    Pool.objects.update(hours="preferred")
    User.objects.filter(pk=first.user_id).update(calendar=Calendar.objects.create(name="Not yet"))
    page = client.get(reverse("admin:routing_pool_change", args=[world.pool.pk])).content.decode()
    assert "after those at work" in page
    Pool.objects.update(hours="required")
    Load.objects.filter(user=last.user).update(day=NOW.date(), day_count=2, day_limit=2)
    page = client.get(reverse("admin:routing_pool_change", args=[world.pool.pk])).content.decode()
    assert "outside working hours" in page
    assert "had today’s leads, 2 of 2 until" in " ".join(page.split())


POOL = {"name": "Mid-market", "strategy": "weighted_round_robin", "hours": "ignored"}


def test_pool_change_keeps_what_it_holds_and_says_what_hand_given_leads_cost(client, world):
    data = {**POOL, "manager": world.manager.pk, "manual_costs_turn": "on"}
    target = reverse("admin:routing_pool_edit", args=[world.pool.pk])
    answer = client.post(target, data, follow=True)
    assert "a lead given by hand counts as a turn" in told(answer)
    pool = Pool.objects.get(pk=world.pool.pk)
    assert pool.manual_costs_turn
    assert not pool.timeout_costs_turn
    assert "count as a turn" in answer.content.decode()


def test_pool_change_of_how_it_picks_says_what_holds_from_the_next_lead_on(client, world):
    data = {
        **POOL,
        "manager": world.manager.pk,
        "strategy": "least_loaded",
        "hours": "required",
        "skills": ["language", "product"],
        "timeout_costs_turn": "on",
    }
    target = reverse("admin:routing_pool_edit", args=[world.pool.pk])
    answer = client.post(target, data, follow=True)
    assert told(answer).endswith(
        "From the next lead on: whoever has the fewest open leads for their weight is next; only "
        "who is at work is picked; a lead that asks for a language or product goes only to who "
        "has it; a lead not accepted in time counts as a turn; a lead given by hand costs no turn."
    )
    pool = Pool.objects.get(pk=world.pool.pk)
    assert (pool.strategy, pool.hours, pool.skills) == (
        "least_loaded",
        "required",
        ["language", "product"],
    )
    page = client.get(target).content.decode()
    assert page.count("checked") == 3


@pytest.mark.parametrize(
    "change", [{"strategy": "lottery"}, {"hours": ""}, {"skills": ["shoe size"]}]
)
def test_pool_change_to_what_there_is_not_is_refused(client, world, change):
    data = {**POOL, "manager": world.manager.pk, **change}
    target = reverse("admin:routing_pool_edit", args=[world.pool.pk])
    assert client.post(target, data).status_code == 422
    assert Pool.objects.get(pk=world.pool.pk).name != "Mid-market"


@pytest.mark.parametrize(("name", "data"), [("capacity", {"capacity": "4"}), ("skills", {})])
def test_limits_and_skills_are_offered_to_whom_the_services_let(client, world, name, data):
    first, last = seats(world)
    owner = world.person("Nora Lead", Role.MANAGER)
    Pool.objects.update(manager=owner)
    team = create_team(name="Elsewhere", by=world.admin, now=NOW)
    set_membership(team=team, user=owner, is_manager=True, by=world.admin, now=NOW)
    set_membership(team=team, user=last.user, by=world.admin, now=NOW)
    pool = reverse("admin:routing_pool_change", args=[world.pool.pk])
    for by, member, allowed in [
        (owner, first, False),
        (owner, last, True),
        (world.manager, first, True),
        (world.admin, first, True),
        (first.user, first, False),
    ]:
        client.force_login(by)
        target = address(name, member)
        assert (target in client.get(pool).content.decode()) is allowed
        assert client.get(target).status_code == (200 if allowed else 403)
        assert client.post(target, data).status_code == (302 if allowed else 403)
        own_page = client.get(reverse("admin:routing_member_change", args=[member.pk]))
        assert (target in own_page.content.decode()) is allowed


# Two who have the same page open


def opened(client, target):
    """What a browser would send of the page as it is."""
    form = client.get(target).context["form"]
    sent = {name: form[name].value() for name in form.fields}
    sent = {name: getattr(value, "pk", value) for name, value in sent.items()}
    return {name: value for name, value in sent.items() if value not in (None, False)}


def pages(world):
    member = seats(world)[0]
    return {
        "pool": reverse("admin:routing_pool_edit", args=[world.pool.pk]),
        **{name: address(name, member) for name in ("edit", "backup", "capacity", "skills")},
    }


def values(world):
    pool = Pool.objects.get(pk=world.pool.pk)
    member = seats(world)[0]
    load = Load.objects.get(user=member.user)
    return {
        "name": pool.name,
        "hours": pool.hours,
        "strategy": pool.strategy,
        "skills": pool.skills,
        "weight": member.weight,
        "is_active": member.is_active,
        "backup": member.backup_id,
        "capacity": load.capacity,
        "day_limit": load.day_limit,
        "language": [str(one.value) for one in member.user.skills.filter(kind="language")],
        "product": [str(one.value) for one in member.user.skills.filter(kind="product")],
    }


@pytest.mark.parametrize(
    ("page", "mine", "theirs", "found"),
    [
        ("pool", {"name": "DACH"}, {"hours": "required"}, {"name": "DACH", "hours": "required"}),
        (
            "pool",
            {"strategy": "least_loaded"},
            {"skills": ["language", "product"]},
            {"strategy": "least_loaded", "skills": ["language", "product"]},
        ),
        ("edit", {"weight": "3"}, {"is_active": ""}, {"weight": 3, "is_active": False}),
        ("capacity", {"day_limit": "3"}, {"capacity": "9"}, {"day_limit": 3, "capacity": 9}),
        (
            "skills",
            {"product": "crm"},
            {"language": "german"},
            {"product": ["crm"], "language": ["german"]},
        ),
    ],
)
def test_two_who_change_different_fields_both_have_their_way(
    client, world, page, mine, theirs, found
):
    target = pages(world)[page]
    first, second = opened(client, target), opened(client, target)
    assert client.post(target, second | theirs).status_code == 302
    assert client.post(target, first | mine).status_code == 302
    now = values(world)
    assert {name: now[name] for name in found} == found


@pytest.mark.parametrize(
    ("page", "name", "theirs", "mine", "told"),
    [
        ("pool", "name", "DACH", "Alps", "“DACH”"),
        ("pool", "hours", "required", "preferred", "“Only who is at work”"),
        ("pool", "skills", ["language"], ["product"], "“Language”"),
        ("edit", "weight", "3", "5", "“3”"),
        ("capacity", "capacity", "9", "5", "“9”"),
        ("skills", "language", "german", "english", "“german”"),
    ],
)
def test_change_of_what_somebody_else_has_changed_is_refused_once(
    client, world, page, name, theirs, mine, told
):
    target = pages(world)[page]
    sent = opened(client, target)
    assert client.post(target, sent | {name: theirs}).status_code == 302
    before = values(world)
    answer = client.post(target, sent | {name: mine})
    assert answer.status_code == 422
    (said,) = answer.context["form"].errors[name]
    assert said.startswith(f"{world.admin} changed this since you opened the page: it is now")
    assert told.lower() in said.lower()
    assert values(world) == before
    # What was typed is there still, and holds once it is sent again.
    again = {**sent, name: mine, "seen": answer.context["form"]["seen"].value()}
    assert client.post(target, again).status_code == 302
    assert values(world)[name] not in (before[name], None)


def test_backup_that_somebody_else_has_chosen_is_not_taken_back_by_an_old_page(client, world):
    one, other = seats(world)
    sent = opened(client, address("backup", one))
    Member.objects.filter(pk=one.pk).update(backup=other)
    assert client.post(address("backup", one), sent).status_code == 302
    one.refresh_from_db()
    assert one.backup == other


@pytest.mark.parametrize("seen", ["[" * 9_000, "x", "[]", '{"name": {}}', "\0", "9" * 50_000])
def test_page_with_a_hostile_memory_is_answered(client, world, seen):
    target = pages(world)["pool"]
    answer = client.post(target, {**opened(client, target), "name": "DACH", "seen": seen})
    assert answer.status_code in (302, 422)
