#!/usr/bin/env python
"""The door for commands."""

import os
import sys

from django.core.management import execute_from_command_line

from config import settings_module

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings_module())
    # A migration or a recount takes as long as it takes: whoever gave the command waits for it.
    os.environ.setdefault("DATABASE_STATEMENT_S", "0")
    execute_from_command_line(sys.argv)
