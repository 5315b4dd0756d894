"""``bin/manage create_administrator LOGIN``: create a local account for the admin alone."""

from __future__ import annotations

import getpass
import sys
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from accounts.models import User


class Command(BaseCommand):
    help = "Create a local administrator, or give an existing one a new password."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("login", help="a login without @, since addresses belong to mail users")
        parser.add_argument(
            "--password-stdin", action="store_true", help="read the password from standard input"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        login = options["login"].strip().lower()
        if not login or "@" in login or not login.isprintable():
            raise CommandError("A local administrator's login is a plain word without @.")
        password = self._password(options["password_stdin"])
        try:
            validate_password(password)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        user = User.objects.filter(mail_domain=None, login=login).first()
        if user is None:
            User.objects.create_administrator(login, password)
            self.stderr.write(f"Administrator {login} made.")
        else:
            user.set_password(password)
            user.save(update_fields=["password"])
            self.stderr.write(f"Administrator {login} has a new password.")

    @staticmethod
    def _password(from_stdin: bool) -> str:
        if from_stdin:
            return sys.stdin.readline().rstrip("\r\n")
        first = getpass.getpass("Password: ")
        if getpass.getpass("Password again: ") != first:
            raise CommandError("The two passwords differ.")
        return first
