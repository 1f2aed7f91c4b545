"""Types, fields and form versions as RevOps changes them."""

import pytest
from django.contrib.auth.models import Group

from core.errors import NotPermitted
from handoff.errors import CatalogueRefused, FormChanged, FormRefused
from handoff.models import Field, FormVersion, HandoffType
from handoff.rules.catalogue import CATALOGUE
from handoff.rules.form import Form
from handoff.rules.presets import MEETING_SET_KEY, QUALIFIED_LEAD
from handoff.selectors.access import types_for
from handoff.selectors.catalogue import build_form, impact_of
from handoff.services import create_draft, reject_handoff, save_draft, submit_handoff
from handoff.services.catalogue import (
    add_field,
    change_field,
    change_type,
    create_type,
    publish_form,
    retire_field,
)
from tests.factories.handoff import NOW, answers, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make_world()


def layout(**changes):
    """The form in use as an editor sends it; ``changes`` of a field by its key."""
    return {
        "sections": [
            {
                "key": part.key,
                "title": part.title,
                "fields": [
                    {"key": f.key, "need": f.need, **changes.get(f.key.replace(".", "__"), {})}
                    for f in part.fields
                ],
            }
            for part in QUALIFIED_LEAD.sections
        ]
    }


def with_field(key, **how):
    made = layout()
    made["sections"][-1]["fields"].append({"key": key, "need": "optional", **how})
    return made


def publish(world, made, **more):
    form = publish_form(world.type, made, by=world.admin, now=NOW, **more)
    world.type.refresh_from_db()
    return form


def refused(world, made):
    with pytest.raises(FormRefused) as error:
        publish(world, made)
    return {(problem.field, problem.code) for problem in error.value.problems}


# Publishing


def test_publish_makes_the_next_version_and_leaves_drafts_alone(world):
    draft = world.draft()
    made = publish(world, with_field("competitors", need="required"), base=1)
    world.type.refresh_from_db()
    draft.refresh_from_db()
    assert (made.n, world.type.current_form, made.published_at) == (2, made, NOW)
    assert draft.form_version.n == 1
    assert submit_handoff(draft, by=world.sdr, now=NOW).status == "pending"
    assert world.draft().form_version == made


def test_published_form_takes_texts_from_the_catalogue_and_keeps_them(world):
    field = Field.objects.get(key="need")
    change_field(field, label="The need", help="Say it.", by=world.admin)
    made = publish(world, with_field("competitors"))
    assert Form.from_layout(made.layout).get("need").label == "The need"
    first = FormVersion.objects.get(type=world.type, n=1)
    assert Form.from_layout(first.layout).get("need").label == "Need"


def test_publish_of_a_floor_and_a_condition_holds_for_new_handoffs(world):
    rule = {"field": "company.country", "op": "eq", "values": ["France"]}
    publish(world, layout(company__size={"minimum": 200}, timeline={"only_if": rule}))
    draft = world.draft(company__size=180, timeline=None)
    with pytest.raises(Exception, match="1 field is not ready") as error:
        submit_handoff(draft, by=world.sdr, now=NOW)
    assert [p.code for p in error.value.problems] == ["below_floor"]


def test_publish_from_a_stale_editor_is_refused_by_name(world):
    publish(world, with_field("competitors"), base=1)
    with pytest.raises(FormChanged, match="Rita Ops published form 2 meanwhile"):
        publish(world, with_field("champion"), base=1)
    assert world.type.forms.count() == 2


def test_publish_by_anybody_but_an_admin_is_not_permitted(world):
    for person in (world.sdr, world.ae, world.manager):
        with pytest.raises(NotPermitted):
            publish_form(world.type, with_field("champion"), by=person, now=NOW)


def test_publish_of_the_same_form_is_refused(world):
    with pytest.raises(FormRefused, match="Nothing is different from form 1"):
        publish(world, build_form(layout(), present=QUALIFIED_LEAD).to_layout())


def without(made, key):
    for part in made["sections"]:
        part["fields"] = [item for item in part["fields"] if item["key"] != key]
    return made


def optional(made):
    for part in made["sections"]:
        for item in part["fields"]:
            item["need"] = "optional"
    return made


def when(field, op="eq", *values):
    return {"only_if": {"field": field, "op": op, "values": list(values)}}


BROKEN = {
    "nothing required": (lambda: optional(layout()), ("form", "no_required_field")),
    "no company": (lambda: without(layout(), "company.name"), ("company.name", "name_missing")),
    "twice": (lambda: with_field("need"), ("need", "duplicate_key")),
    "unknown field": (lambda: with_field("nobody"), ("nobody", "unknown_field")),
    "bad need": (lambda: layout(need={"need": "must"}), ("need", "invalid_need")),
    "unknown condition": (
        lambda: layout(need=when("nobody", "filled")),
        ("need", "unknown_condition"),
    ),
    "later condition": (lambda: layout(need=when("budget", "filled")), ("need", "later_condition")),
    "itself": (lambda: layout(need=when("need", "filled")), ("need", "condition_cycle")),
    "cycle": (
        lambda: layout(need=when("budget", "filled"), budget=when("need", "filled")),
        ("need", "condition_cycle"),
    ),
    "no value": (lambda: layout(need=when("pains")), ("need", "no_value")),
    "operator": (lambda: layout(need=when("pains", "like", "x")), ("need", "invalid_operator")),
    "impossible": (
        lambda: layout(need=when("company.industry", "eq", "Circus")),
        ("need", "impossible_value"),
    ),
    "minimum of a text": (lambda: layout(need={"minimum": 5}), ("need", "invalid_minimum")),
    "minimum zero": (
        lambda: layout(company__size={"minimum": 0}),
        ("company.size", "invalid_minimum"),
    ),
    "empty section": (
        lambda: {"sections": [*layout()["sections"], {"key": "x", "title": "X", "fields": []}]},
        ("x", "empty_section"),
    ),
    "no title": (
        lambda: {
            "sections": [{**layout()["sections"][0], "title": " "}, *layout()["sections"][1:]]
        },
        ("company", "no_title"),
    ),
    "two sections": (
        lambda: {
            "sections": [*layout()["sections"], {"key": "company", "title": "C", "fields": []}]
        },
        ("company", "duplicate_section"),
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_publish_of_a_form_that_cannot_work_names_the_problem(world, name):
    make, expected = BROKEN[name]
    assert expected in refused(world, make())
    assert world.type.forms.count() == 1


def test_publish_with_a_retired_field_is_refused_unless_the_form_has_it(world):
    retire_field(Field.objects.get(key="champion"), by=world.admin)
    retire_field(Field.objects.get(key="need"), by=world.admin)
    assert refused(world, with_field("champion")) == {("champion", "retired")}
    assert publish(world, with_field("competitors")).n == 2


def test_impact_counts_who_keeps_what_and_names_what_will_be_asked(world):
    world.draft()
    row = world.submitted()
    reject_handoff(row, reason="no_budget", by=world.receiver_of(row), now=NOW)
    new = build_form(with_field("competitors", need="required"), present=QUALIFIED_LEAD)
    impact = impact_of(world.type, new)
    assert impact.n == 2
    assert impact.sentences == (
        "New handoffs use form 2 from the moment you publish it.",
        "1 draft keeps its form; nothing that was typed there is lost.",
        "1 rejected handoff, once fixed, will use form 2, and asked for: competitors.",
        "Handoffs that were submitted are read with the form they were written with.",
    )
    assert impact.difference.added == ("Competitors",)


# Types


def test_installation_knows_both_types_and_the_whole_catalogue(world):
    meeting = HandoffType.objects.get(key=MEETING_SET_KEY)
    assert [one.key for one in types_for(world.sdr)] == ["qualified_lead"]
    assert set(Field.objects.values_list("key", flat=True)) == set(CATALOGUE)
    sdr, ae = Group.objects.get(name="SDR"), Group.objects.get(name="AE")
    change_type(
        meeting, name="Meeting", submitters=[sdr], receivers=[ae], is_active=True, by=world.admin
    )
    assert [one.name for one in types_for(world.sdr)] == ["Qualified lead", "Meeting"]


def test_type_without_groups_or_name_is_refused(world):
    with pytest.raises(CatalogueRefused) as error:
        change_type(
            world.type, name=" ", submitters=[], receivers=[], is_active=True, by=world.admin
        )
    assert [p.field for p in error.value.problems] == ["name", "submitters", "receivers"]


def test_new_type_begins_with_the_form_of_another(world):
    groups = list(Group.objects.filter(name="SDR"))
    made = create_type(
        key="hot_lead",
        name="Hot lead",
        submitters=groups,
        receivers=groups,
        like=world.type,
        by=world.admin,
        now=NOW,
    )
    assert made.current_form.layout == world.type.current_form.layout
    assert made in types_for(world.sdr)


@pytest.mark.parametrize(
    "key", ["Hot", "hot lead", "", "hot__lead", "1x", "x" * 61, "qualified_lead"]
)
def test_new_type_with_an_unusable_key_is_refused(world, key):
    with pytest.raises(CatalogueRefused):
        create_type(
            key=key, name="X", submitters=[], receivers=[], like=world.type, by=None, now=NOW
        )


# Fields


def field(**changes):
    usual = {
        "key": "deal_size",
        "label": "Deal size",
        "help": "Say it.",
        "kind": "text",
        "by": None,
    }
    return add_field(**{**usual, **changes})


def test_custom_field_is_asked_and_kept_with_the_handoff(world):
    made = field(by=world.admin)
    assert (made.target, made.is_custom) == ("handoff", True)
    publish(world, with_field("deal_size", need="required"))
    draft = world.draft()
    draft = save_draft(
        draft, answers={**draft.answers, "deal_size": "3 sites"}, by=world.sdr, now=NOW
    )
    assert submit_handoff(draft, by=world.sdr, now=NOW).answers["deal_size"] == "3 sites"


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"key": "need"}, "key"),
        ({"key": "a\x00"}, "key"),
        ({"label": ""}, "label"),
        ({"label": "a\x00"}, "label"),
        ({"kind": "colour"}, "kind"),
        ({"kind": "choice", "options": ["One"]}, "options"),
        ({"kind": "choice", "options": ["One", "one"]}, "options"),
        ({"kind": "choice", "options": ["One", "x" * 101]}, "options"),
        ({"kind": "lines", "partial": ["Half"]}, "partial"),
    ],
)
def test_field_that_cannot_be_used_is_refused_by_input(world, changes, name):
    with pytest.raises(CatalogueRefused) as error:
        field(**changes)
    assert [problem.field for problem in error.value.problems] == [name]


def test_fields_are_changed_by_admins_only(world):
    with pytest.raises(NotPermitted):
        field(by=world.manager)
    with pytest.raises(NotPermitted):
        retire_field(Field.objects.get(key="need"), by=world.sdr)


# Meetings and answers without a column


def meeting_answers(**changes):
    return answers(
        **{
            "meeting_at": "2026-12-02T14:00[Europe/Berlin]",
            "meeting_type": "Phone",
            "meeting_link": "https://meet.example/1",
            "attendees": "Ana Ruiz, COO",
            "topics": "Proof of delivery",
            **changes,
        }
    )


@pytest.fixture
def meeting(world):
    world.type = HandoffType.objects.get(key=MEETING_SET_KEY)
    HandoffType.objects.filter(pk=world.type.pk).update(is_active=True)
    return world


def of_meeting(world, **changes):
    form = Form.from_layout(world.type.current_form.layout)
    told = {k: v for k, v in meeting_answers(**changes).items() if form.get(k)}
    return create_draft(type=world.type, answers=told, by=world.sdr, now=NOW)


def test_meeting_set_keeps_the_time_of_the_meeting_from_its_draft_on(meeting):
    draft = of_meeting(meeting)
    assert draft.meeting_at.isoformat() == "2026-12-02T13:00:00+00:00"
    later = {**draft.answers, "meeting_at": "2026-12-03T09:00[UTC]"}
    draft = save_draft(draft, answers=later, by=meeting.sdr, now=NOW)
    assert draft.meeting_at.isoformat() == "2026-12-03T09:00:00+00:00"
    row = submit_handoff(draft, by=meeting.sdr, now=NOW)
    row.refresh_from_db()
    assert row.meeting_at.isoformat() == "2026-12-03T09:00:00+00:00"


def test_what_was_not_asked_is_dropped_at_submission(meeting):
    draft = of_meeting(meeting)
    assert draft.answers["meeting_link"] == "https://meet.example/1"
    row = submit_handoff(draft, by=meeting.sdr, now=NOW)
    row.refresh_from_db()
    assert "meeting_link" not in row.answers
    assert row.completeness == draft.completeness


def test_meeting_that_has_passed_is_refused(meeting):
    draft = of_meeting(meeting, meeting_at="2026-11-17T10:59[Europe/Berlin]")
    with pytest.raises(Exception, match="1 field is not ready") as error:
        submit_handoff(draft, by=meeting.sdr, now=NOW)
    assert [(p.field, p.code) for p in error.value.problems] == [("meeting_at", "in_past")]


def test_answers_without_a_column_are_known_next_time(world):
    made = with_field("company.tech_stack")
    made["sections"][-1]["fields"].append({"key": "contact.prefers", "need": "optional"})
    publish(world, made)
    draft = world.draft()
    told = {**draft.answers, "company.tech_stack": "SAP", "contact.prefers": "Phone"}
    draft = save_draft(draft, answers=told, by=world.sdr, now=NOW)
    row = submit_handoff(draft, by=world.sdr, now=NOW)
    row.lead.refresh_from_db()
    assert row.lead.company.details == {"company.tech_stack": "SAP"}
    assert row.lead.details == {"contact.prefers": "Phone"}
    again = world.draft(lead=row.lead)
    assert again.answers["company.tech_stack"] == "SAP"
