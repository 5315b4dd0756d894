"""The webmail: the Django project and its mail app."""

from webmail.celery import app as celery_app

__all__ = ["celery_app"]
