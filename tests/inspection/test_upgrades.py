"""Between migrating and restarting, code from before still writes. It names no column that it does not know."""

import pytest
from django.apps import apps
from django.db import connection
from django.db.migrations import AddField, CreateModel
from django.db.migrations.loader import MigrationLoader

from inspection.models import Membership
from tests.builders import NOON, make_user

# The first migration of each app that has to let code from before go on.
SINCE = {"inspection": 12, "review": 13, "monitoring": 5}


def added_since():
    for (app, name), migration in MigrationLoader(None).disk_migrations.items():
        made = {step.name_lower for step in migration.operations if isinstance(step, CreateModel)}
        for step in migration.operations:
            is_later = isinstance(step, AddField) and step.model_name_lower not in made
            if is_later and app in SINCE and int(name[:4]) >= SINCE[app]:
                yield apps.get_model(app, step.model_name)._meta.get_field(step.name)


def test_every_column_that_came_to_a_table_later_may_be_left_out():
    added = list(added_since())
    assert {"line", "export"} <= {field.model._meta.model_name for field in added}
    assert [str(field) for field in added if not (field.null or field.has_db_default())] == []


@pytest.mark.django_db
def test_a_row_of_code_from_before_has_the_value_that_nothing_was_said():
    user = make_user(role=None)
    with connection.cursor() as cursor:
        columns = "user_id, role, is_founding, granted_at"
        cursor.execute(
            f"INSERT INTO inspection_membership ({columns}) VALUES (%s, 'inspector', %s, %s)", [user.pk, False, NOON]
        )
    role = Membership.objects.get(user=user)
    assert (role.reason, role.revoked_reason) == ("", "")
