"""People and lines of the review tests."""

import pytest
from rest_framework.test import APIClient

from inspection.rules.words import Role
from tests.builders import make_user
from tests.review.scene import make_watched_line


@pytest.fixture
def line():
    return make_watched_line()


@pytest.fixture
def ana():
    return make_user("ana")


@pytest.fixture
def andre():
    return make_user("andre")


@pytest.fixture
def quinn():
    return make_user("quinn", role=Role.QA_LEAD)


@pytest.fixture
def quill():
    return make_user("quill", role=Role.QA_LEAD)


@pytest.fixture
def oscar():
    return make_user("oscar", role=None)


@pytest.fixture
def client_of():
    """Return a signed-in API client for a person."""

    def signed_in(person):
        client = APIClient()
        client.force_login(person)
        return client

    return signed_in


@pytest.fixture
def own_files(settings, tmp_path):
    """Keep images and models of a test in folders of its own."""
    settings.MODELS_ROOT = tmp_path / "models"
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {**settings.STORAGES["default"], "OPTIONS": {"location": tmp_path / "images"}},
    }
