"""The webmail: the Django project and its mail app."""
