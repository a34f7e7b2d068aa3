"""Served by gunicorn as ours is: `benchmarks.django_peer.wsgi:app`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.django_peer.settings"
app = get_wsgi_application()
