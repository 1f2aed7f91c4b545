"""The impact review as pages show it: figures side by side, names only for who may read them."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.choices import Role
from handoff.models import Handoff
from handoff.services import replay_drafts
from routing.impact_reviews import NOTES, shown_review
from routing.models import ImpactReview, RuleSet
from routing.services import add_member, create_pool, publish_draft, save_draft
from routing.services.impact_reviews import ask_for_review, claim_review, fail_review, keep_progress
from tests.factories.accounts import make_user
from tests.factories.handoff import NOW, make_world

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
LATER = NOW + timedelta(days=1)


@pytest.fixture
def world(db):
    return make_world(receivers=3)


@pytest.fixture
def draft(world):
    """A draft that sends everything to a second pool with one member."""
    pool = create_pool(name="Enterprise", manager=world.manager, by=world.admin, now=NOW)
    add_member(pool=pool, user=world.ae, by=world.admin, now=NOW)
    return saved(world, pool)


def saved(world, pool, saves=0):
    rule = {"name": "All of it", "conditions": {}, "pool": pool}
    return save_draft(rules=[rule], by=world.admin, now=LATER, saves=saves)


def review_of(world, draft, leads=3):
    for n in range(leads):
        world.submitted(now=NOW + n * HOUR)
    review = ask_for_review(ruleset=draft, weeks=1, by=world.admin, now=LATER)
    while replay_drafts(LATER):
        pass
    review.refresh_from_db()
    return review


def publish_page(client, user):
    client.force_login(user)
    response = client.get(reverse("admin:routing_ruleset_publish"))
    assert response.status_code == 200
    return response.text


def test_report_puts_what_happened_beside_what_would_have(world, draft):
    review_of(world, draft)
    report = shown_review(draft, world.admin).report
    assert (report.leads, report.elsewhere, report.shifted, report.unmatched) == (3, 3, 0, 0)
    enterprise = report.pools[0]
    assert (enterprise.name, enterprise.leads.before, enterprise.leads.after) == (
        "Enterprise",
        0,
        3,
    )
    most = report.people[0]
    assert (most.user, most.leads.before, most.leads.after) == (world.ae, 1, 3)
    assert most.leads.change == "+2"
    assert {line.user for line in report.people} == set(world.aes)
    assert report.elsewhere_percent == 100


def test_report_names_moved_leads_with_their_pages(world, draft):
    review_of(world, draft)
    lines = shown_review(draft, world.admin).report.moved
    rows = list(Handoff.objects.order_by("-pk").select_related("lead__company"))
    assert [line.lead.label for line in lines] == [
        f"{row.lead.name}, {row.lead.company.name}" for row in rows
    ]
    assert lines[0].lead.url == reverse("handoff:detail", args=[rows[0].pk])
    assert (lines[0].was_in, lines[0].becomes_in) == (world.pool.name, "Enterprise")
    assert (lines[0].becomes, lines[0].because) == (str(world.ae), "Rule 1: All of it")


def test_report_is_for_admins(world, draft):
    review_of(world, draft)
    for user in (world.manager, world.sdr, world.ae):
        assert shown_review(draft, user).review is None


def test_review_of_a_draft_saved_since_says_so(world, draft, client):
    review_of(world, draft)
    saved(world, draft.rules.get().pool, saves=draft.saves)
    shown = shown_review(RuleSet.objects.get(pk=draft.pk), world.admin)
    assert (shown.is_current, shown.seen) == (False, None)
    assert "was saved since" in publish_page(client, world.admin)


def test_publish_page_without_a_review_says_so(world, draft, client):
    assert "Nobody has asked for an impact review" in publish_page(client, world.admin)


def test_publish_page_shows_progress_while_the_review_is_made(world, draft, client):
    ask_for_review(ruleset=draft, weeks=4, by=world.admin, now=LATER)
    assert "waits for its turn" in publish_page(client, world.admin)
    keep_progress(review=claim_review(now=LATER), so_far={}, done=1_500, total=6_000)
    page = publish_page(client, world.admin)
    assert "1,500 of 6,000 handoffs are replayed" in page
    assert 'value="25"' in page
    assert "data-live-soon" in page


def test_publish_page_tells_why_a_review_was_not_made(world, draft, client):
    ask_for_review(ruleset=draft, weeks=4, by=world.admin, now=LATER)
    fail_review(review=claim_review(now=LATER), message="Because of <b>this</b>.", now=LATER)
    assert "Because of &lt;b&gt;this&lt;/b&gt;." in publish_page(client, world.admin)


def test_publish_page_shows_the_review_with_its_notes(world, draft, client):
    review_of(world, draft)
    page = publish_page(client, world.admin)
    assert "3 of 3 handoffs would have gone to another pool" in page
    for note in NOTES:
        assert note in page
    assert "impact-people-data" in page


def test_what_was_seen_can_be_opened_after_publishing(world, draft, client):
    review = review_of(world, draft)
    version = publish_draft(by=world.admin, now=LATER, saves=draft.saves, seen=review)
    client.force_login(world.admin)
    page = client.get(reverse("admin:routing_impactreview_change", args=[review.pk])).text
    assert f"seen before version {version.n} was published by {world.admin}" in page
    assert "3 of 3 handoffs would have gone to another pool" in page
    assert shown_review(version, world.admin).review == review
    other = make_user(roles=[Role.MANAGER])
    client.force_login(other)
    address = reverse("admin:routing_impactreview_change", args=[review.pk])
    assert client.get(address).status_code == 403


def test_version_that_nobody_reviewed_has_no_review(world, draft):
    review_of(world, draft)
    version = publish_draft(by=world.admin, now=LATER, saves=draft.saves)
    assert shown_review(version, world.admin).review is None


def test_review_page_takes_as_many_queries_for_many_leads_as_for_one(world, draft, client):
    client.force_login(world.admin)
    counts = []
    for leads in (1, 30):
        review = review_of(world, draft, leads=leads)
        with CaptureQueriesContext(connection) as queries:
            address = reverse("admin:routing_impactreview_change", args=[review.pk])
            assert client.get(address).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_review_without_a_lead_is_an_empty_page(world, draft, client):
    review_of(world, draft, leads=0)
    assert "Nothing was handed off in these weeks" in publish_page(client, world.admin)
    assert ImpactReview.objects.get().done == 0


@pytest.mark.parametrize(
    "weeks", ["", "0", "27", "-1", "4.5", "four", "9" * 40, "\0", "\ud800", "4\n", "x" * 1_000_000]
)
def test_asking_for_hostile_weeks_is_refused(world, draft, client, weeks):
    client.force_login(world.admin)
    body = {"weeks": weeks.encode("utf-8", "surrogatepass")}
    response = client.post(reverse("admin:routing_ruleset_review"), body)
    if weeks != "4\n":
        assert 400 <= response.status_code < 500
        assert not ImpactReview.objects.exists()
