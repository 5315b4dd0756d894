"""The address of this app, among those of the mail."""

from django.urls import path

from webmail.migrating import views

urlpatterns = [path("moved/dismiss/", views.dismiss, name="moved_dismiss")]
