"""The product as a web server imports it, with the addresses of `raw_site` beside its own."""

from django.conf import settings

from config.wsgi import application

settings.ROOT_URLCONF = "tests.bench.raw_site"

__all__ = ["application"]
