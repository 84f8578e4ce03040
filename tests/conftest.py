"""What every test may use."""

import pytest
from django.test import TransactionTestCase

from inspection import sql


def pytest_addoption(parser):
    parser.addoption("--real-images", default=None, help="folder with real inspection images (shared/data layout)")


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
