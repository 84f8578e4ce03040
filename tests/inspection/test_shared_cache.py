"""One cache for all processes: what one of them keeps, the others see at once and for no longer than it lasts."""

import os
import subprocess
import sys
from datetime import timedelta

import pytest
from django.core.cache import cache, caches
from django.utils.timezone import now as clock

from inspection import shared_cache
from inspection.models import SharedValue

pytestmark = pytest.mark.django_db

USED_ONCE = """
import sys, django
django.setup()
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from allauth.mfa.utils import encrypt
from django.db import connection
from inspection.models import SharedValue

if SharedValue._meta.db_table not in connection.introspection.table_names():
    with connection.schema_editor() as editor:
        editor.create_model(SharedValue)
secret = "JBSWY3DPEHPK3PXP"
code = sys.argv[1] or format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))
totp = Authenticator(user_id=1, type=Authenticator.Type.TOTP, data={"secret": encrypt(secret)}).wrap()
print(code, totp.validate_code(code))
"""


def in_a_process_of_its_own(folder, code=""):
    seen = {**os.environ, "TOLLGATE_DATA": str(folder), "DATABASE_URL": f"sqlite:///{folder}/own.sqlite3"}
    said = subprocess.run(
        [sys.executable, "-c", USED_ONCE, code], env=seen, capture_output=True, text=True, check=True
    ).stdout.split()
    return said[0], said[1] == "True"


def test_a_code_that_was_used_in_one_process_is_refused_in_another(tmp_path):
    code, was_good = in_a_process_of_its_own(tmp_path)
    assert was_good
    assert in_a_process_of_its_own(tmp_path, code) == (code, False)


def test_what_one_connection_keeps_another_sees():
    cache.set("attempts", [1.5, 1.0], timeout=60)
    other = caches.create_connection("default")
    assert other.get("attempts") == [1.5, 1.0]
    assert not other.add("attempts", [], timeout=60)
    assert other.delete("attempts")
    assert cache.get("attempts", "none") == "none"


def test_a_value_is_there_until_its_time_is_over():
    assert cache.add("used", "y", timeout=30)
    assert not cache.add("used", "y", timeout=30)
    SharedValue.objects.update(ends_at=clock() - timedelta(seconds=1))
    assert cache.get("used") is None
    assert not cache.touch("used", timeout=30)
    assert cache.add("used", "y", timeout=30)


def test_values_are_text_that_runs_no_code():
    cache.set("count", 1)
    assert cache.incr("count") == 2
    with pytest.raises(TypeError, match="JSON"):
        cache.set("object", object())


def test_what_is_over_is_dropped_and_what_has_no_end_stays():
    cache.set("brief", 1, timeout=30)
    cache.set("lasting", 2, timeout=None)
    assert shared_cache.forget(now=clock()) == 0
    assert shared_cache.forget(now=clock() + timedelta(minutes=1)) == 1
    assert cache.get("lasting") == 2
