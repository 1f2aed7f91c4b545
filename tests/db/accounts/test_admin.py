"""Each role's menu, what the admin lets nobody do, and the dialogs that keep people up."""

import re
from datetime import timedelta

import pytest
from django.contrib import admin
from django.urls import reverse

from accounts.choices import Role
from accounts.models import Membership, User
from accounts.services import create_user
from core.admin import ShellAdmin
from tests.factories.handoff import NOW, PASSWORD, make_world

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)

MENUS = {
    Role.SDR: [
        "New handoff",
        "My handoffs",
        "Leads",
        "Weekly review",
        "Action items",
        "My hours and time off",
        "Inbox",
        "Notifications",
    ],
    Role.AE: [
        "My queue",
        "My handoffs",
        "Stuck leads",
        "Weekly review",
        "Action items",
        "My share",
        "My hours and time off",
        "Inbox",
        "Notifications",
    ],
    Role.MANAGER: [
        "Late now",
        "Holding",
        "Stuck leads",
        "Contests",
        "Team",
        "Shares",
        "Weekly review",
        "Action items",
        "Handoffs",
        "Transfers",
        "People",
        "Pools",
        "Who would get it?",
        "Inbox",
        "Notifications",
    ],
    Role.ADMIN: [
        "Organisation",
        "People",
        "Teams",
        "Calendars",
        "SLA policies",
        "Slack channels",
        "Pools",
        "Types and forms",
        "Fields",
        "Handoffs",
        "Late now",
        "Holding",
        "Stuck leads",
        "Contests",
        "Team",
        "Who would get it?",
        "Shares",
        "Weekly review",
        "Action items",
        "Turns",
        "Events",
        "Transfers",
        "Touches",
        "Not delivered",
        "Steps set aside",
        "Health",
        "Inbox",
        "Notifications",
        "Time off",
    ],
}
LEDGERS = [
    "routing_turn",
    "handoff_event",
    "handoff_transfer",
    "handoff_touch",
    "notify_message",
    "sla_escalation",
    "core_heartbeat",
]
PEOPLE = ["accounts_user", "accounts_team", "accounts_membership"]
READ_BY_ALL = [
    "accounts_organisation",
    "worktime_calendar",
    "sla_policyversion",
    "routing_pool",
    "routing_member",
    "handoff_handofftype",
    "handoff_formversion",
]


@pytest.fixture
def world(time_machine):
    time_machine.move_to(NOW, tick=False)
    return make_world()


@pytest.fixture
def rita(world, client):
    """The RevOps admin, signed in."""
    client.force_login(world.admin)
    return client


def someone(role):
    return create_user(name="Kim", email="kim@x.example", roles=[role], by=None, now=NOW)


def text(response):
    return response.content.decode()


def listing(name, **query):
    return reverse(f"admin:{name}_changelist")


@pytest.mark.parametrize("role", list(Role))
def test_menu_of_each_role_has_its_pages_in_order(world, client, role):
    client.force_login(someone(role))
    page = text(client.get(reverse("accounts:time_off")))
    assert re.findall(r'side-text">([^<]+)<', page) == MENUS[role]
    assert page.count('aria-current="page"') == 1


def test_menu_of_several_roles_has_each_page_once(world, client):
    user = create_user(
        name="Kim", email="kim@x.example", roles=[Role.AE, Role.MANAGER], by=None, now=NOW
    )
    client.force_login(user)
    titles = re.findall(r'side-text">([^<]+)<', text(client.get(reverse("accounts:time_off"))))
    assert titles == [
        "My queue",
        "My handoffs",
        "Stuck leads",
        "Weekly review",
        "Action items",
        "Team",
        "Shares",
        "Transfers",
        "Pools",
        "Who would get it?",
        "My share",
        "My hours and time off",
        "Inbox",
        "Notifications",
        "Late now",
        "Holding",
        "Contests",
    ]


def test_every_address_of_the_menus_exists(world, client):
    user = create_user(name="Kim", email="kim@x.example", roles=list(Role), by=None, now=NOW)
    client.force_login(user)
    page = text(client.get(reverse("accounts:time_off")))
    for address in re.findall(r'class="side-link[^"]*" href="([^"]+)"', page):
        assert client.get(address, follow=True).status_code == 200, address


def test_admin_holds_our_own_tables_only():
    assert all(isinstance(one, ShellAdmin) for one in admin.site._registry.values())


@pytest.mark.parametrize("name", [*LEDGERS, *PEOPLE])
@pytest.mark.parametrize("role", [Role.SDR, Role.AE, Role.MANAGER])
def test_ledgers_and_people_are_read_by_admins_only(world, client, name, role):
    client.force_login(someone(role))
    assert client.get(listing(name)).status_code == 403
    assert client.get(reverse(f"admin:{name}_change", args=[1])).status_code == 403


@pytest.mark.parametrize("name", READ_BY_ALL)
@pytest.mark.parametrize("role", list(Role))
def test_configuration_is_read_by_everybody(world, client, name, role):
    client.force_login(someone(role))
    assert client.get(listing(name), follow=True).status_code == 200


@pytest.mark.parametrize("name", [*LEDGERS, *PEOPLE, *READ_BY_ALL])
def test_stock_add_change_and_delete_do_not_exist(rita, world, name):
    handoff = world.submitted()
    row = handoff.events.first().pk if name == "handoff_event" else 1
    for method in (rita.get, rita.post):
        assert method(f"{listing(name)}add/").status_code == 404
        assert method(f"{listing(name)}{row}/delete/").status_code == 404
        assert method(f"{listing(name)}{row}/change/").status_code == 404
    assert rita.post(listing(name), {"action": "delete_selected"}).status_code == 405
    assert rita.post(reverse(f"admin:{name}_change", args=[row])).status_code == 405


def test_turn_and_event_pages_show_what_happened(rita, world):
    handoff = world.submitted()
    turn = handoff.legs.get().turn
    page = text(rita.get(reverse("admin:routing_turn_change", args=[turn.pk])))
    assert "Next of 2 in Main pool." in page
    event = handoff.events.first()
    assert rita.get(reverse("admin:handoff_event_change", args=[event.pk])).status_code == 200


@pytest.mark.parametrize("name", [*PEOPLE, *READ_BY_ALL, *LEDGERS])
def test_rows_that_are_not_there_answer_404(rita, name):
    assert rita.get(reverse(f"admin:{name}_change", args=[987654])).status_code == 404
    assert rita.get(f"{listing(name)}{2**63}/").status_code == 404
    assert rita.get(f"{listing(name)}1x/").status_code == 404


def test_search_of_model_names_and_lookups_of_secrets_are_closed(rita):
    assert rita.get("/admin/search/?s=user").status_code == 404
    assert rita.get(f"{listing('accounts_user')}?password__startswith=md5").status_code == 400


def test_password_cannot_be_changed_past_our_service(rita, world):
    new = "another-5-words"
    typed = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert rita.post("/admin/password_change/", typed).status_code == 404
    assert User.objects.get(pk=world.admin.pk).check_password(PASSWORD)


def test_admin_front_page_and_sign_in_lead_to_ours(rita, client):
    assert client.get("/admin/").url == "/"
    client.logout()
    response = client.get("/admin/accounts/user/")
    assert response.status_code == 302
    assert client.get(response.url, follow=True).redirect_chain[-1][0].startswith("/login/")


def new_person(**changes):
    return {"name": "Ana Ruiz", "email": "ana@x.example", "roles": ["sdr"], **changes}


def test_adding_a_person_tells_the_link_that_lets_them_in(rita, client):
    response = rita.post(reverse("admin:accounts_user_new"), new_person(), follow=True)
    user = User.objects.get(email="ana@x.example")
    assert user.roles == {"sdr"}
    address = re.search(r"http://localhost:8000(/welcome/\S+/)", text(response)).group(1)
    client.logout()
    new = {"password": PASSWORD, "repeated": PASSWORD}
    assert "Ana Ruiz" in text(client.get(address))
    assert client.post(address, new).url == "/"
    assert client.post(address, new).status_code == 410
    assert User.objects.get(pk=user.pk).check_password(PASSWORD)


def test_adding_a_person_badly_keeps_the_input_and_names_the_field(rita, world):
    response = rita.post(
        reverse("admin:accounts_user_new"), new_person(email=world.sdr.email.upper())
    )
    assert response.status_code == 400
    assert "signs in with" in text(response)
    assert 'value="Ana Ruiz"' in text(response)


@pytest.mark.parametrize("key", ["9" * 20, "-1", "x", "\x00"])
def test_adding_a_person_to_a_team_that_cannot_be_is_refused(rita, key):
    response = rita.post(reverse("admin:accounts_user_new"), new_person(teams=[key]))
    assert response.status_code == 422
    assert not User.objects.filter(email="ana@x.example").exists()


def test_forged_fields_of_a_person_are_ignored(rita, world):
    target = world.sdr
    rita.post(
        reverse("admin:accounts_user_edit", args=[target.pk]),
        new_person(
            email=target.email,
            is_superuser="on",
            is_active="",
            password="md5$x",
            user_permissions="1",
            groups="4",
        ),
    )
    kept = User.objects.get(pk=target.pk)
    assert kept.name == "Ana Ruiz"
    assert not kept.is_superuser
    assert kept.is_active
    assert kept.check_password(PASSWORD)
    assert kept.roles == {"sdr"}


@pytest.mark.parametrize("role", [Role.SDR, Role.AE, Role.MANAGER])
def test_dialogs_about_people_are_refused_to_others(world, client, role):
    client.force_login(someone(role))
    before = list(User.objects.order_by("pk").values())
    addresses = [
        reverse("admin:accounts_user_new"),
        reverse("admin:accounts_user_edit", args=[world.sdr.pk]),
        reverse("admin:accounts_user_invite", args=[world.sdr.pk]),
        reverse("admin:accounts_team_new"),
        reverse("admin:accounts_organisation_edit", args=[world.organisation.pk]),
        reverse("admin:worktime_calendar_new"),
        reverse("admin:sla_policyversion_preset"),
        reverse("admin:routing_pool_new"),
    ]
    for address in addresses:
        assert client.get(address).status_code == 403, address
        assert client.post(address, new_person(roles=["admin"])).status_code == 403, address
    assert list(User.objects.order_by("pk").values()) == before


def test_dialogs_by_get_change_nothing(rita, world):
    membership = Membership.objects.first()
    rita.get(reverse("admin:accounts_membership_remove", args=[membership.pk]))
    assert Membership.objects.filter(pk=membership.pk).exists()


def test_team_dialogs_add_change_and_remove_members(rita, world):
    user = someone(Role.AE)
    rita.post(reverse("admin:accounts_team_member", args=[world.team.pk]), {"user": user.pk})
    membership = Membership.objects.get(team=world.team, user=user)
    edited = rita.post(
        reverse("admin:accounts_membership_edit", args=[membership.pk]), {"is_manager": "on"}
    )
    assert edited.url == reverse("admin:accounts_team_change", args=[world.team.pk])
    membership.refresh_from_db()
    assert membership.is_manager
    page = text(rita.get(edited.url))
    assert "Kim manages DACH and sees its handoffs from the next page on." in page
    rita.post(reverse("admin:accounts_membership_remove", args=[membership.pk]))
    assert not Membership.objects.filter(pk=membership.pk).exists()


def test_history_shows_who_changed_what(rita, world):
    rita.post(
        reverse("admin:accounts_user_edit", args=[world.sdr.pk]),
        new_person(email=world.sdr.email),
    )
    page = text(rita.get(reverse("admin:accounts_user_history", args=[world.sdr.pk])))
    assert "Name: Sam Okafor → Ana Ruiz" in page
    assert "by Rita Ops" in page


def test_calendar_dialog_saves_a_new_version(rita, world):
    calendar = world.organisation.calendar
    hours = {
        "zone": "Europe/Berlin",
        "mon": "09:00-12:30, 13:30–18:00",
        "holidays": "12-24 Christmas Eve\n2026-12-31",
        "breaks": "2026-11-20 14:00-18:00 Team day",
        "shifts": "2026-11-21 10:00-14:00 Trade fair\n2026-11-23 closed Move",
        "country": "DE",
        "region": "SN",
    }
    address = reverse("admin:worktime_calendar_edit", args=[calendar.pk])
    assert rita.post(address, hours).status_code == 302
    calendar.refresh_from_db()
    version = calendar.current_version
    assert (version.n, version.holiday_country) == (2, "DE")
    assert [entry["start"] for entry in version.data["windows"]] == ["09:00", "13:30"]
    page = text(rita.get(reverse("admin:worktime_calendar_change", args=[calendar.pk])))
    assert "09:00–12:30" in page
    assert "Trade fair" in page
    # What is shown for editing makes the same hours again.
    again = text(rita.get(address))
    for words in ("12-24 Christmas Eve", "2026-11-20 14:00-18:00 Team day", "closed Move"):
        assert words in again


@pytest.mark.parametrize(
    ("field", "value"),
    [("mon", "9 to 5"), ("mon", "25:00-26:00"), ("zone", "Mars/Olympus"), ("country", "QQ")],
)
def test_calendar_dialog_with_bad_hours_names_the_field(rita, world, field, value):
    address = reverse("admin:worktime_calendar_edit", args=[world.organisation.calendar.pk])
    hours = {"zone": "UTC", "mon": "09:00-17:00", field: value}
    response = rita.post(address, hours)
    assert response.status_code in {400, 422}
    assert f'href="#id_{field}"' in text(response)


def test_preset_dialog_replaces_the_policies(rita, world):
    rita.post(reverse("admin:sla_policyversion_preset"), {"name": "temperatures"})
    page = text(rita.get(listing("sla_policyversion"), follow=True))
    assert "temperature is hot" in page
    assert "1 working day" in page


def test_pool_dialogs_are_open_to_the_pools_manager(world, client):
    client.force_login(world.manager)
    member = world.pool.members.first()
    page = text(client.get(reverse("admin:routing_pool_change", args=[world.pool.pk])))
    assert "Add a member" in page
    edit = reverse("admin:routing_member_edit", args=[member.pk])
    assert client.post(edit, {"weight": "3", "is_active": "on"}).status_code == 302
    member.refresh_from_db()
    assert member.weight == 3
    client.force_login(world.ae)
    assert client.post(edit, {"weight": "1", "is_active": "on"}).status_code == 403
    assert "Add a member" not in text(
        client.get(reverse("admin:routing_pool_change", args=[world.pool.pk]))
    )


def test_lists_need_as_many_queries_for_many_rows(rita, world, django_assert_max_num_queries):
    for _ in range(3):
        world.submitted()
    counts = {}
    for round_ in range(2):
        for name in ("accounts_user", "routing_turn", "handoff_event", "routing_pool"):
            with django_assert_max_num_queries(30) as queries:
                rita.get(listing(name))
            counts.setdefault(name, []).append(len(queries))
        for n in range(5):
            create_user(name="K", email=f"{round_}{n}@x.example", roles=[], by=None, now=NOW)
            world.submitted()
    assert all(first == second for first, second in counts.values()), counts
