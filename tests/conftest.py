"""What every test may use."""

import pytest
from django.test import TransactionTestCase
from django.utils import translation
from hypothesis import HealthCheck, settings

from inspection import sql

# The same examples in every run, and as long as a busy machine takes for them.
settings.register_profile("tollgate", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tollgate")


def pytest_addoption(parser):
    parser.addoption("--real-images", default=None, help="folder with real inspection images (shared/data layout)")


@pytest.fixture(autouse=True)
def _own_language():
    """A request leaves its language in the thread: the next test begins in the product's own."""
    yield
    translation.deactivate()


@pytest.fixture(scope="session", autouse=True)
def _empty_tables_between_transaction_tests():
    """Emptying a test database deletes rows, which the append-only triggers rightly refuse: lift them for it."""
    teardown = TransactionTestCase._fixture_teardown

    def lifted(self):
        sql.unprotect(sql.APPEND_ONLY)
        teardown(self)
        sql.protect(sql.APPEND_ONLY)

    TransactionTestCase._fixture_teardown = lifted
    yield
    TransactionTestCase._fixture_teardown = teardown
