"""Base classes of all tables, and the two tables that belong to no app in particular."""

from django.db import models
from django.db.models.functions import Now


class Timestamped(models.Model):
    """A row that knows when it was written, by the database's clock."""

    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        abstract = True


class Heartbeat(models.Model):
    """One background loop: when it last completed a tick, where, and what last went wrong."""

    loop = models.CharField(max_length=100)
    at = models.DateTimeField(null=True)
    worker = models.CharField(max_length=200)
    last_error = models.TextField(blank=True)
    last_error_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["loop"], name="core_heartbeat_one_per_loop"),
        ]

    def __str__(self) -> str:
        return self.loop


class Finding(models.Model):
    """What was last found of one kind about how the product itself runs: the last word only.

    `data` holds figures and codes; pages turn them into words.
    """

    kind = models.CharField(max_length=60)
    at = models.DateTimeField()
    data = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind"], name="core_finding_one_per_kind"),
        ]

    def __str__(self) -> str:
        return self.kind


class IdempotencyKey(Timestamped):
    """One request that a client may repeat: its body's hash and, once done, its answer.

    `client` names who chose the key, as text, so that keys outlive users and programs. A null
    `status` means that the first request is still being worked on.
    """

    client = models.CharField(max_length=200)
    key = models.CharField(max_length=255)
    body_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    response = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["client", "key"], name="core_idempotencykey_client_key_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.client}: {self.key}"
