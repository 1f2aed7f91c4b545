"""The page on which an admin edits a form."""

import re

import pytest
from django.urls import reverse

from handoff.form_editor import EditorRows
from handoff.models import Field, HandoffType
from handoff.rules.form import Form
from handoff.rules.presets import MEETING_SET, QUALIFIED_LEAD
from handoff.selectors.catalogue import build_form
from handoff.services.catalogue import publish_form
from tests.factories.handoff import NOW, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(time_machine):
    time_machine.move_to(NOW, tick=False)
    return make_world()


@pytest.fixture
def admin(world, client):
    client.force_login(world.admin)
    return client


def body(response):
    return response.content.decode()


def address(world):
    return reverse("handoff:form_edit", args=[world.type.pk])


def sent(form=QUALIFIED_LEAD, *, base=1, **changes):
    """What the editor sends for this form; ``changes`` by name of an input."""
    data = {"base": base, "row": []}
    for row in EditorRows.of_form(form).rows:
        for name, value in row.inputs:
            if name == "row":
                data["row"].append(value)
            else:
                data[name] = value
    return data | changes


def row_of(form, key):
    return next(row.id for row in EditorRows.of_form(form).rows if row.key == key)


def order(page):
    return re.findall(r'id="at-([^"]+)"', body(page))


def with_competitors():
    data = sent()
    data["row"].append("90")
    return data | {"90.what": "field", "90.key": "competitors", "90.need": "required"}


def test_rows_of_a_form_make_the_same_form_again(world):
    for form in (QUALIFIED_LEAD, MEETING_SET):
        assert build_form(EditorRows.of_form(form).layout(), present=form) == form


def test_editor_shows_the_form_in_use(world, admin):
    page = admin.get(address(world))
    assert order(page)[:3] == ["company", "company.name", "company.size"]
    assert 'name="base" value="1"' in body(page)


@pytest.mark.parametrize("verb", ["up", "down", "remove"])
def test_buttons_work_without_a_script(world, admin, verb):
    page = admin.post(address(world), sent(do=f"{verb}:{row_of(QUALIFIED_LEAD, 'company.size')}"))
    expected = {
        "up": ["company", "company.size", "company.name"],
        "down": ["company", "company.name", "company.industry"],
        "remove": ["company", "company.name", "company.industry"],
    }
    assert order(page)[:3] == expected[verb]
    assert world.type.forms.count() == 1


def test_first_line_stays_a_section(world, admin):
    before = order(admin.get(address(world)))
    for do in ("up:1", "down:0", "up:0", "up:999", "up:x", "fly:1", ""):
        assert order(admin.post(address(world), sent(do=do))) == before


def test_fields_sections_and_groups_are_added_at_the_end(world, admin):
    page = admin.post(address(world), sent(do="add_field", new_field="champion"))
    assert order(page)[-1] == "champion"
    page = admin.post(address(world), sent(do="add_section", new_section="More"))
    assert 'value="More"' in body(page)
    page = admin.post(address(world), sent(do="add_group", new_group="meddpicc"))
    assert order(page)[-1] == "competitors"


def test_preview_is_the_form_as_it_will_be_and_keeps_nothing(world, admin):
    page = admin.post(address(world), {**with_competitors(), "do": "preview"})
    assert "Competitors" in body(page)
    assert 'data-question="competitors"' in body(page)
    assert "data-autosave" not in body(page)
    assert 'name="90.key" value="competitors"' in body(page)
    assert world.type.forms.count() == 1


def test_review_says_what_changes_and_for_whom(world, admin):
    world.draft()
    page = body(admin.post(address(world), {**with_competitors(), "do": "review"}))
    assert "Asked anew" in page
    assert "1 draft keeps its form; nothing that was typed there is lost." in page
    assert "Publish form 2" in page
    assert world.type.forms.count() == 1


def test_publish_makes_the_form_and_leads_to_the_type(world, admin):
    answer = admin.post(address(world), {**with_competitors(), "do": "publish"}, follow=True)
    assert "Form 2 is in use for new handoffs." in body(answer)
    world.type.refresh_from_db()
    assert Form.from_layout(world.type.current_form.layout).get("competitors").is_required


def test_publish_of_a_broken_form_names_it_and_keeps_what_was_typed(world, admin):
    size = row_of(QUALIFIED_LEAD, "company.size")
    data = {**with_competitors(), f"{size}.minimum": "lots", "do": "publish"}
    page = admin.post(address(world), data)
    assert page.status_code == 422
    assert "The minimum of Employees must lie between 1 and 100,000,000." in body(page)
    assert order(page)[-1] == "competitors"
    assert 'value="lots"' in body(page)


def test_stale_editor_is_refused_and_keeps_what_was_typed(world, admin):
    publish_form(
        world.type,
        EditorRows.of_form(QUALIFIED_LEAD).done("remove:5", {}).layout(),
        by=world.admin,
        now=NOW,
    )
    page = admin.post(address(world), {**with_competitors(), "do": "publish"})
    assert page.status_code == 409
    assert "Rita Ops published form 2 meanwhile. Yours is not published." in body(page)
    assert order(page)[-1] == "competitors"
    assert world.type.forms.count() == 2
    answer = admin.post(address(world), {**with_competitors(), "base": 2, "do": "publish"})
    assert answer.status_code == 302
    assert world.type.forms.count() == 3


def test_old_version_can_be_read_and_begun_with_again(world, admin):
    admin.post(address(world), {**with_competitors(), "do": "publish"})
    assert "competitors" not in order(admin.get(address(world), {"from": "1"}))
    for odd in ("0", "x", "9" * 30, "\x00"):
        assert "competitors" in order(admin.get(address(world), {"from": odd}))
    first = world.type.forms.get(n=1)
    shown = admin.get(reverse("admin:handoff_formversion_change", args=[first.pk]))
    assert "Company name" in body(shown)


ODD = [
    {"row": ["x", "1" * 30, "-1", "\x00"]},
    {"row": []},
    {"0.title": "\x00"},
    {"1.key": "a\x00b"},
    {"1.need": "\x00"},
    {"1.if_field": "\x00", "1.if_values": "x" * 90_000},
    {"base": "9" * 40},
    {"base": "\x00"},
    {"new_field": "\x00" * 10, "do": "add_field"},
    {"new_section": "\x00", "do": "add_section"},
    {"new_group": "nothing", "do": "add_group"},
]


@pytest.mark.parametrize("odd", ODD, ids=[str(n) for n in range(len(ODD))])
@pytest.mark.parametrize("do", ["", "preview", "review", "publish"])
def test_odd_input_never_fails_and_never_publishes(world, admin, odd, do):
    answer = admin.post(address(world), sent(**{"do": do, **odd}))
    assert answer.status_code in {200, 409, 422}
    assert world.type.forms.count() == 1


def test_editor_is_for_admins_only(world, client):
    assert client.get(address(world)).status_code == 302
    for person in (world.sdr, world.ae, world.manager):
        client.force_login(person)
        assert client.get(address(world)).status_code == 403
        assert (
            client.post(address(world), {**with_competitors(), "do": "publish"}).status_code == 403
        )
    client.force_login(world.admin)
    assert client.get(reverse("handoff:form_edit", args=[10**9])).status_code == 404


# The lists and dialogs around it


def test_fields_are_added_changed_retired_and_brought_back(world, admin):
    admin.post(
        reverse("admin:handoff_field_new"),
        {
            "label": "Sites",
            "key": "sites",
            "kind": "choice",
            "help": "",
            "options": "One\r\nTwo\r\n",
        },
    )
    field = Field.objects.get(key="sites")
    assert (field.options, field.is_custom) == (["One", "Two"], True)
    edit = {"label": "Number of sites", "help": "Count.", "options": "One\nMany", "partial": ""}
    admin.post(reverse("admin:handoff_field_edit", args=[field.pk]), edit)
    admin.post(reverse("admin:handoff_field_retire", args=[field.pk]))
    field.refresh_from_db()
    assert (field.label, field.options, field.is_retired) == (
        "Number of sites", ["One", "Many"], True,
    )  # fmt: skip
    admin.post(reverse("admin:handoff_field_restore", args=[field.pk]))
    field.refresh_from_db()
    assert not field.is_retired
    assert admin.get(reverse("admin:handoff_field_history", args=[field.pk])).status_code == 200


def test_field_that_cannot_be_kept_is_refused_beside_its_input(world, admin):
    answer = admin.post(
        reverse("admin:handoff_field_new"), {"label": "Need", "key": "need", "kind": "text"}
    )
    assert answer.status_code == 400
    assert "There is &#x27;need&#x27; already." in body(answer)


def test_type_is_switched_on_and_its_groups_are_changed(world, admin):
    meeting = HandoffType.objects.get(key="meeting_set")
    groups = list(meeting.submitter_groups.values_list("pk", flat=True))
    admin.post(
        reverse("admin:handoff_handofftype_edit", args=[meeting.pk]),
        {"name": "Meeting set", "submitters": groups, "receivers": groups, "is_active": "on"},
    )
    meeting.refresh_from_db()
    assert meeting.is_active
    assert list(meeting.receiver_groups.values_list("pk", flat=True)) == groups


def test_new_type_is_added_with_the_form_of_another(world, admin):
    groups = list(world.type.submitter_groups.values_list("pk", flat=True))
    admin.post(
        reverse("admin:handoff_handofftype_new"),
        {"name": "Hot lead", "key": "hot_lead", "submitters": groups, "receivers": groups,
         "like": world.type.pk},
    )  # fmt: skip
    made = HandoffType.objects.get(key="hot_lead")
    shown = body(admin.get(reverse("admin:handoff_handofftype_change", args=[made.pk])))
    assert reverse("handoff:form_edit", args=[made.pk]) in shown
