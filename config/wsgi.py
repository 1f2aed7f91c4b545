"""What the web server imports."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.prod")

application = get_wsgi_application()
# What is loaded now stays for good: the collector need not look through it during every page.
gc.freeze()
