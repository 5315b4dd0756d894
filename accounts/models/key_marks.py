"""The marks of the installation's keys: the canary that tells of a key that was changed."""

from __future__ import annotations

from django.db import models


class KeyMark(models.Model):
    """A keyed digest of the key of a setting, which reveals nothing of the key
    (`accounts.key_marks`)."""

    setting = models.CharField(max_length=64, unique=True)
    mark = models.CharField(max_length=32)

    def __str__(self) -> str:
        return self.setting
