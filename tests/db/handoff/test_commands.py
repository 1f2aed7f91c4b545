"""The commands of an operator: what they say, and that they change all or nothing."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.choices import Role
from accounts.models import Organisation, User
from accounts.services import create_user
from core.loops import database_now
from handoff.models import Company, Event, Handoff, Lead
from handoff.selectors.verify import findings
from routing.models import Load, Turn
from sla.models import Clock
from tests.factories.handoff import NOW, PASSWORD, make_world

pytestmark = pytest.mark.django_db

LEADS = {
    "zone": "America/Sao_Paulo",
    "date_formats": ["%d-%m-%Y"],
    "lead": {
        "external_id": "id",
        "source": {"column": "origin", "default": "unknown"},
        "qualified_at": "first_contact",
        "temperature": {"default": "cool"},
        "last_name": {"text": "Lead {id:.4}"},
        "company.name": {"text": "Seller {id:.4}"},
    },
}
DEALS = {
    "date_formats": ["%d-%m-%Y %H:%M"],
    "at": "won",
    "pool": "Imported deals",
    "submitter": {"name": {"text": "SDR {sdr}"}, "email": {"text": "{sdr}@import.example"}},
    "receiver": {"name": {"text": "Rep {rep}"}, "email": {"text": "{rep}@import.example"}},
    "lead": {
        "external_id": "id",
        "last_name": {"text": "Lead {id}"},
        "company.name": {"text": "Seller {id}"},
    },
    "type": {
        "key": "imported_deal",
        "name": "Imported deal",
        "fields": [
            {"key": "segment", "label": "Segment", "from": "segment", "need": "required"},
            {"key": "note", "label": "Note", "from": "note"},
        ],
    },
}


def run(command, *arguments, **options):
    out = StringIO()
    call_command(command, *arguments, stdout=out, **options)
    return out.getvalue()


@pytest.fixture
def files(tmp_path):
    def write(text, mapping):
        data, rules = tmp_path / "file.csv", tmp_path / "mapping.json"
        data.write_bytes(text if isinstance(text, bytes) else text.encode())
        rules.write_text(mapping if isinstance(mapping, str) else json.dumps(mapping))
        return [str(data), "--mapping", str(rules)]

    return write


def test_setup_makes_everything_that_the_first_handoff_needs():
    said = run(
        "setup",
        organisation="Meridian",
        zone="Europe/Berlin",
        admin_name="Rita Vogel",
        admin_email="rita@meridian.example",
        password=PASSWORD,
    )
    assert said == "Meridian is set up. rita@meridian.example can sign in now.\n"
    assert Organisation.objects.get().fallback_manager.is_admin


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"password": "short"}, "password: This password is too short"),
        ({"zone": "Europe/Berlinn"}, "zone"),
        ({"admin_email": "rita"}, "email"),
    ],
)
def test_setup_with_something_unusable_names_it_and_makes_nothing(given, said):
    options = {
        "organisation": "Meridian",
        "zone": "Europe/Berlin",
        "admin_name": "Rita Vogel",
        "admin_email": "rita@meridian.example",
        "password": PASSWORD,
    }
    with pytest.raises(CommandError, match=said):
        run("setup", **(options | given))
    assert not Organisation.objects.exists()
    assert not User.objects.exists()


def test_setup_without_a_terminal_says_how_to_give_the_password(monkeypatch):
    monkeypatch.setattr("sys.stdin", StringIO())
    with pytest.raises(CommandError, match="give it by --password"):
        run(
            "setup",
            organisation="Meridian",
            zone="UTC",
            admin_name="Rita Vogel",
            admin_email="rita@meridian.example",
        )


def test_setup_a_second_time_says_so():
    make_world(receivers=0)
    with pytest.raises(CommandError, match="There is an organisation already"):
        run(
            "setup",
            organisation="Other",
            zone="UTC",
            admin_name="A B",
            admin_email="a@b.example",
            password=PASSWORD,
        )


def test_import_leads_takes_odd_values_and_updates_what_it_knows(files):
    make_world(receivers=0)
    text = 'id,first_contact,origin\nabcdef,01-02-2018,social\n"x, y",20-10-2017,\n'
    assert run("import_leads", *files(text, LEADS)) == "2 leads created, 0 updated.\n"
    odd = Lead.objects.get(external_id="x, y")
    assert (odd.source, odd.temperature, odd.claimed_by) == ("unknown", "cool", None)
    assert odd.qualified_at.isoformat() == "2017-10-20T02:00:00+00:00"
    assert run("import_leads", *files(text, LEADS)) == "0 leads created, 2 updated.\n"
    assert Lead.objects.count() == 2


def test_import_leads_without_a_temperature_keeps_what_is_known(files):
    make_world(receivers=0)
    mapping = {"lead": {"external_id": "id", "company.name": "firm", "temperature": "heat"}}
    run("import_leads", *files("id,firm,heat\n1,Nord,hot\n2,Sued,\n", mapping))
    run("import_leads", *files("id,firm,heat\n1,Nord,\n2,Sued,\n", mapping))
    temperatures = Lead.objects.order_by("external_id").values_list("temperature", flat=True)
    assert list(temperatures) == ["hot", "warm"]


def test_import_leads_brings_what_rules_ask_for(files):
    make_world(receivers=0)
    mapping = {
        "lead": {
            "external_id": "id",
            "company.name": "firm",
            "company.segment": "segment",
            "product": "product",
            "language": "language",
            "score": "score",
        }
    }
    head = "id,firm,segment,product,language,score\n"
    run("import_leads", *files(f"{head}1,Nord,SMB,Analytics,German,0\n2,Sued,,,,\n", mapping))
    first, second = Lead.objects.order_by("external_id").select_related("company")
    assert (first.company.segment, first.product, first.language) == ("SMB", "Analytics", "German")
    assert (first.score, second.score) == (0, None)
    run("import_leads", *files(f"{head}1,Nord,Enterprise,,,71\n2,Sued,,,,5\n", mapping))
    first = Lead.objects.select_related("company").get(pk=first.pk)
    assert (first.company.segment, first.product, first.score) == ("Enterprise", "Analytics", 71)
    for wrong, said in ((f"{'s' * 61},,,", "row 2, segment"), (",,,high", "row 2, score")):
        with pytest.raises(CommandError, match=said):
            run("import_leads", *files(f"{head}3,Ost,{wrong}\n", mapping))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,first_contact,origin\na,31-02-2018,x\nb,2018,y\n", "row 2, first_contact"),
        ("id,first_contact,origin\na,01-01-2018\n", "row 2, all: It has 2 cells"),
        ("id,id\na,b\n", "names the column 'id' twice"),
        ("id,origin\na,b\n", "The file has no column 'first_contact'"),
        ("id,first_contact,origin\n", "no rows below its head"),
        ("", "is empty"),
        ("id,first_contact,origin\na\x00,01-01-2018,x\n", "NUL"),
        (b"id,first_contact,origin\n\xff\xfe,01-01-2018,x\n", "not UTF-8"),
        (f"id,first_contact,origin\n{'a' * 300},01-01-2018,x\n", "300 characters; 100 fit"),
    ],
)
def test_import_leads_with_a_problem_names_row_and_column_and_keeps_nothing(files, text, said):
    make_world(receivers=0)
    with pytest.raises(CommandError) as refused:
        run("import_leads", *files(text, LEADS))
    assert said in str(refused.value)
    assert not Lead.objects.exists()
    assert not Company.objects.exists()


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ("{", "not valid JSON"),
        ("[]", "must hold one JSON object"),
        ({"leed": {}}, "The mapping says 'leed'"),
        ({"zone": "Mars/Olympus", "lead": LEADS["lead"]}, "no time zone 'Mars/Olympus'"),
        ({"lead": {"company.name": "id", "colour": "id"}}, "says 'colour'"),
        ({"lead": {"last_name": "id"}}, 'needs "company.name"'),
        ({"lead": {"company.name": 7}}, "may name a column"),
        ({"lead": {"company.name": {"text": "{id.__class__}"}}}, "has no column 'id.__class__'"),
    ],
)
def test_import_leads_with_a_bad_mapping_says_what_it_may_say(files, mapping, said):
    make_world(receivers=0)
    text = "id,first_contact,origin\na,01-01-2018,x\n"
    with pytest.raises(CommandError) as refused:
        run("import_leads", *files(text, mapping))
    assert said in str(refused.value)


def deals(count, reps=3):
    head = "id,won,sdr,rep,segment,note"
    rows = [
        f"l{n},{n % 28 + 1:02}-03-2018 1{n % 10}:15,s{n % 2},r{n % reps},pet," for n in range(count)
    ]
    return "\n".join([head, *rows]) + "\n"


def test_replay_gives_every_deal_to_somebody_fairly_at_its_own_time(files):
    make_world(receivers=1)
    said = run("replay_handoffs", *files(deals(20), DEALS))
    assert said == "20 handoffs replayed to 3 receivers, 6 to 7 each.\n"
    handoffs = Handoff.objects.filter(type__key="imported_deal")
    assert {h.closed_as for h in handoffs} == {"converted"}
    assert all(h.submitted_at.year == 2018 and h.first_accepted_at for h in handoffs)
    assert not Clock.objects.live().exists()
    assert not Load.objects.exclude(open_count=0).exists()
    times = list(Turn.objects.order_by("sequence").values_list("at", flat=True))
    assert times == sorted(times)
    # The files' times are in a zone of their own; what is stored replays all the same.
    assert [found.text for found in findings(database_now())] == []
    told = Event.objects.filter(kind="submitted").values_list("data__set__submitted_at", flat=True)
    assert all(at.endswith("+00:00") for at in told)


def test_replay_takes_somebody_who_sold_and_received(files):
    make_world(receivers=0)
    text = "id,won,sdr,rep,segment,note\na,01-03-2018 10:00,both,both,pet,\n"
    run("replay_handoffs", *files(text, DEALS))
    assert User.objects.get(email="both@import.example").roles == {"sdr", "ae"}


def test_replay_finds_a_person_whatever_the_case_of_the_address(files):
    world = make_world(receivers=0)
    rep = create_user(
        name="Rep", email="Rep@import.example", roles=[Role.AE], by=world.admin, now=NOW
    )
    text = "id,won,sdr,rep,segment,note\na,01-03-2018 10:00,sdr,rep,pet,\n"
    run("replay_handoffs", *files(text, DEALS))
    assert Handoff.objects.get().owner == rep


def test_replay_with_an_empty_required_field_keeps_nothing(files):
    make_world(receivers=0)
    before = User.objects.count()
    text = deals(3).replace("pet", "n/a", 1)
    with pytest.raises(CommandError) as refused:
        run("replay_handoffs", *files(text, DEALS))
    assert "row 2, segment: “n/a” does not count" in str(refused.value)
    assert User.objects.count() == before
    assert not Handoff.objects.exists()


def test_replay_leaves_the_other_rules_in_force(files):
    world = make_world(receivers=1)
    run("replay_handoffs", *files(deals(3), DEALS))
    handoff = world.submitted(now=NOW)
    assert handoff.pool == world.pool
