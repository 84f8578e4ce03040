"""What the tests of inspection share: an image store of their own, and a line with its station."""

import pytest

from inspection import registry
from tests.builders import make_line
from tests.inspection.device import Device
from tests.inspection.making import make_device


@pytest.fixture(autouse=True)
def _images_of_its_own(settings, tmp_path):
    """Give every test an empty image store."""
    settings.STORAGES = settings.STORAGES | {
        "default": {
            "BACKEND": "config.storage.DurableFileSystemStorage",
            "OPTIONS": {"location": tmp_path / "images"},
        }
    }


@pytest.fixture
def device(db) -> Device:
    """A station of `phone-glass` with a live key."""
    return make_device(make_line())


@pytest.fixture
def own_models(settings, tmp_path):
    """Give a test an empty folder of models, and forget those of the tests before."""
    settings.MODELS_ROOT = tmp_path / "models"
    registry.forget_loaded()
