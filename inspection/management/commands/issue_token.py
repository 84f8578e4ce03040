"""Issue a token for a person's program: printed once, kept as a hash."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.timezone import now as clock

from inspection import tokens
from inspection.models import User
from inspection.rules.words import Scope


class Command(BaseCommand):
    help = "Issue a token with which a program acts for one person: `Authorization: Bearer TOKEN`. It is shown once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--name", required=True, help="what the token is for")
        parser.add_argument("--write", action="store_true", help="it may also change what its owner may change")
        parser.add_argument("--days", type=int, default=tokens.LIFE.days, help="how long it is good")

    def handle(self, *args: Any, **options: Any) -> None:
        person = User.objects.filter(username=options["username"], is_active=True).first()
        if person is None:
            raise CommandError(f"There is no active person {options['username']!r}.")
        if options["days"] < 1:
            raise CommandError(f"--days is {options['days']}, use 1 or more.")
        scopes = [Scope.READ, Scope.WRITE] if options["write"] else [Scope.READ]
        life = timedelta(days=options["days"])
        self.stdout.write(tokens.issue(person, name=options["name"], scopes=scopes, now=clock(), life=life))
