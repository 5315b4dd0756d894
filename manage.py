#!/usr/bin/env python3
"""Django's command line for this project; `bin/manage` runs it in the right environment."""

import os
import sys

if __name__ == "__main__":
    if sys.argv[1:] in (["version"], ["--version"]):
        # Django answers these with its own version, before it looks for commands of an app.
        from core.version import VERSION

        sys.stdout.write(f"{VERSION}\n")
        sys.exit()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webmail.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
