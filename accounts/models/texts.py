"""The authority's own texts, which replace the built-in ones."""

from __future__ import annotations

from django.core.cache import cache
from django.db import models
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from accounts import markdown

TEXTS_KEY, TEXTS_SECONDS = "near:site-texts", 60


class SiteTextQuerySet(models.QuerySet["SiteText"]):
    def in_force(self) -> dict[str, SafeString]:
        """Return the texts as HTML, by place. They come from the cache, so that a page costs no
        query; a change takes effect within a minute."""
        texts = cache.get(TEXTS_KEY)
        if texts is None:
            rows = self.exclude(text="").values_list("place", "text")
            texts = {place: str(markdown.html(text)) for place, text in rows}
            cache.set(TEXTS_KEY, texts, TEXTS_SECONDS)
        return {place: mark_safe(html) for place, html in texts.items()}  # noqa: S308  as made above


class SiteText(models.Model):
    class Place(models.TextChoices):
        HELP = "help", _("help")
        LEGAL = "legal", _("legal notice")
        PRIVACY = "privacy", _("personal data")
        NUMEN = "numen", _("how to obtain one's NUMEN")
        PASSWORD = "password", _("advice on passwords")
        FIRST_STEPS = "first_steps", _("first steps above the inbox")

    place = models.CharField(_("where"), max_length=12, choices=Place.choices, unique=True)
    text = models.TextField(
        _("text"),
        blank=True,
        max_length=markdown.LONGEST,
        help_text=_(
            "Markdown: ## heading, **bold**, - list, [words](https://…). Empty: the built-in text"
            " is shown."
        ),
    )
    changed = models.DateTimeField(_("last change"), auto_now=True)

    objects = SiteTextQuerySet.as_manager()

    class Meta:
        verbose_name = _("text")
        verbose_name_plural = _("texts")
        ordering = ("place",)

    def __str__(self) -> str:
        return str(self.get_place_display())
