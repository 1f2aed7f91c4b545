from django.db import models


class Role(models.TextChoices):
    """What a person may do anywhere in the product; the group of that name grants it."""

    SDR = "sdr", "SDR"
    AE = "ae", "AE"
    MANAGER = "manager", "Manager"
    ADMIN = "admin", "RevOps admin"
