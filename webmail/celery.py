"""The Celery application.

``celery -A webmail worker -B`` does all jobs; with ``-Q office`` it converts office files alone,
with ``-Q celery`` it does the others.
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webmail.settings")
app = Celery("webmail")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
