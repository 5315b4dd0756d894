"""Base classes of admin pages: rows that are only read, and jobs that administrators start and
follow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.views.decorators.http import require_GET

from accounts.models import User
from core.htmx import wants_partial

# The status at which htmx shows the answer and stops polling.
_NO_MORE = 286


class CachedAdmin(admin.ModelAdmin):
    """The admin of rows that pages read from the cache. A change clears the cache."""

    cache_keys: ClassVar[tuple[str, ...]] = ()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        cache.delete_many(self.cache_keys)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        cache.delete_many(self.cache_keys)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        super().delete_queryset(request, queryset)
        cache.delete_many(self.cache_keys)


class ReadOnlyAdmin(admin.ModelAdmin):
    """The admin of rows that the webmail writes: they can be shown and deleted."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ViewOnlyAdmin(ReadOnlyAdmin):
    """The admin of rows that the webmail writes and deletes: they can only be shown."""

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class JobAdmin(ViewOnlyAdmin):
    """The admin of jobs of the model `ClaimedRow`, for administrators alone. A job begins with an
    uploaded file, is followed on its own page, and stays in the list.

    The templates ``upload.html``, ``job.html`` and ``_job.html`` are in the folder where Django
    looks for templates of the model.
    """

    list_select_related: ClassVar[tuple[str, ...]]
    upload_form: ClassVar[type[forms.BaseForm]]
    upload_title: ClassVar[str | Promise]

    def begin(self, request: HttpRequest, form: Any) -> Any:
        """Create the job of a valid form and return it."""
        raise NotImplementedError

    def start(self, job: Any) -> None:
        """Enqueue the task that does the job."""
        raise NotImplementedError

    def shown(self, job: Any) -> dict[str, Any]:
        """Return the context of a job's page."""
        raise NotImplementedError

    def upload_context(self) -> dict[str, Any]:
        return {}

    def own_views(self) -> Sequence[tuple[str, Callable[..., HttpResponseBase], str]]:
        """Return the route, the view and the name of each further page."""
        raise NotImplementedError

    def has_module_permission(self, request: HttpRequest) -> bool:
        return isinstance(request.user, User) and request.user.is_administrator

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_module_permission(request)

    def get_urls(self) -> list[URLPattern]:
        progress = ("<int:pk>/progress/", require_GET(self.progress_view), "progress")
        return [
            path(route, self.admin_site.admin_view(view), name=f"{self._name}_{name}")
            for route, view, name in (progress, *self.own_views())
        ] + super().get_urls()

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Upload a file, and begin its job at once."""
        self.need_administrator(request)
        form = self.upload_form(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            return self.hand_over(self.begin(request, form))
        context = {"title": self.upload_title, "form": form, **self.upload_context()}
        status = 422 if request.method == "POST" else 200
        return self._page(request, "upload.html", context, status)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show a job: its progress, its report and the possible actions."""
        job = self.job(request, unquote(object_id))
        context = {"title": str(job), "job": job, "original": job, **self.shown(job)}
        return self._page(request, "job.html", context)

    def progress_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Return the progress of a job. The job's page polls this view while the job is moving."""
        job = self.job(request, pk)
        if not wants_partial(request):
            return self.to_job(job)
        context = {"job": job, "is_update": True, **self.shown(job)}
        status = 200 if job.is_moving else _NO_MORE
        return TemplateResponse(request, f"{self._folder}/_job.html", context, status=status)

    def job(self, request: HttpRequest, pk: str | int) -> Any:
        self.need_administrator(request)
        jobs = self.model._default_manager.select_related(*self.list_select_related)
        job = jobs.filter(pk=pk).first() if _is_key(pk) else None
        if job is None:
            raise Http404
        return job

    def hand_over(self, job: Any) -> HttpResponse:
        if job.is_moving:
            self.start(job)
        return self.to_job(job)

    def to_job(self, job: Any) -> HttpResponse:
        return redirect(f"admin:{self._name}_change", job.pk)

    def need_administrator(self, request: HttpRequest) -> None:
        if not self.has_module_permission(request):
            raise PermissionDenied

    def _page(
        self, request: HttpRequest, template: str, context: dict[str, Any], status: int = 200
    ) -> HttpResponse:
        of_site = self.admin_site.each_context(request)
        whole = {**of_site, "opts": self.opts, "has_view_permission": True, **context}
        return TemplateResponse(request, f"{self._folder}/{template}", whole, status=status)

    @property
    def _name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}"

    @property
    def _folder(self) -> str:
        return f"admin/{self.opts.app_label}/{self.opts.model_name}"


def _is_key(text: str | int) -> bool:
    return isinstance(text, int) or (text.isascii() and text.isdigit() and len(text) < 19)
