"""`python -m config.engine.preparing FILE`: the part of a start that needs Django, in a process of its own.

FILE then holds who may sign in, or the sentence that says why it cannot start.
"""

import argparse
import json
import sys
from pathlib import Path

import django
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError
from django.utils.module_loading import import_string

from config.engine import private
from config.engine.failure import CannotStart


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    parser.add_argument("--demo", action="store_true")
    options = parser.parse_args()
    try:
        django.setup()
        # By name: it needs the app registry, which exists only now.
        people = import_string("config.engine.preparation.prepare")(with_demo=options.demo)
    except (CannotStart, ImproperlyConfigured) as refusal:
        return _refuse(options.file, str(refusal))
    except DatabaseError as error:
        return _refuse(options.file, f"The database cannot be used: {str(error).strip().splitlines()[0]}.")
    private.write(options.file, json.dumps(people))
    return 0


def _refuse(path: Path, sentence: str) -> int:
    private.write(path, json.dumps({"refusal": sentence}))
    return 1


if __name__ == "__main__":
    sys.exit(main())
