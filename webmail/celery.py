"""The Celery application.

``bin/manage run_workers`` starts a worker for each queue; ``celery -A webmail worker -B`` is one
that does all jobs, for developers.
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webmail.settings")
app = Celery("webmail")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
