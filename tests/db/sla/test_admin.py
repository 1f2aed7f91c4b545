"""What an admin reads about steps that came due."""

from datetime import timedelta

import pytest
from django.urls import reverse

from sla.choices import EscalationState
from sla.models import Escalation
from sla.services import fire_due_steps
from tests.factories.handoff import NOW, make_world

pytestmark = pytest.mark.django_db


def test_steps_that_were_set_aside_are_shown_first_with_their_cause(client, time_machine):
    time_machine.move_to(NOW, tick=False)
    world = make_world()
    world.submitted()
    late = NOW + timedelta(days=3)
    fire_due_steps(late)
    broken, *_ = Escalation.objects.order_by("pk")
    Escalation.objects.filter(pk=broken.pk).update(
        state=EscalationState.QUARANTINED, handled_at=late, last_error="no such template"
    )
    client.force_login(world.admin)
    page = client.get(reverse("admin:sla_escalation_changelist"), follow=True).content.decode()
    assert page.count("no such template") == 1
    assert page.count("Set aside after repeated failures") >= 1
    assert "Waiting" not in page.split("<tbody", 1)[1].split("</tbody", 1)[0]
    one = client.get(reverse("admin:sla_escalation_change", args=[broken.pk]))
    assert "no such template" in one.content.decode()
