"""The image store: whole and synced, or not there at all."""

import errno
import os
from datetime import timedelta

import boto3
import pytest
from django.core.files.base import ContentFile
from django.utils.timezone import now as clock
from moto import mock_aws

from inspection import images
from inspection.images import StorageFull, StorageUnavailable
from tests.inspection.doors import stored_files
from tests.inspection.pictures import file_of, jpeg

BUCKET = {"bucket_name": "images", "access_key": "test", "secret_key": "test", "region_name": "us-east-1"}


@pytest.fixture
def objects(settings):
    """An object store: it has no paths on this machine."""
    with mock_aws():
        boto3.client("s3", "us-east-1", aws_access_key_id="test", aws_secret_access_key="test").create_bucket(
            Bucket="images"
        )
        settings.STORAGES = settings.STORAGES | {
            "default": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": BUCKET}
        }
        yield


@pytest.fixture(params=["files", "objects"])
def store(request):
    """Both kinds of store: a folder and an object store."""
    if request.param == "objects":
        request.getfixturevalue("objects")


def test_a_file_is_kept_under_the_hash_of_its_bytes(store):
    stored = images.store(file_of(jpeg()))
    name = images.original_name(stored.sha256)
    assert name == f"images/{stored.sha256[:2]}/{stored.sha256[2:4]}/{stored.sha256}"
    assert stored_files() == [name]
    with images.original(stored.sha256) as kept:
        assert kept.read() == jpeg()
    assert stored.size == len(jpeg())


def test_the_same_bytes_twice_are_one_file(settings, store):
    assert images.store(file_of(jpeg())) == images.store(file_of(jpeg()))
    assert images.original(images.store(file_of(jpeg())).sha256).read() == jpeg()


def test_an_original_is_lent_as_a_local_file(store):
    stored = images.store(file_of(jpeg()))
    with images.local_path(stored.sha256) as path:
        assert path.read_bytes() == jpeg()


def test_a_fetched_copy_is_gone_afterwards(objects):
    stored = images.store(file_of(jpeg()))
    with images.local_path(stored.sha256) as path:
        assert path.exists()
    assert not path.exists()


def test_what_is_derived_lies_beside_under_the_same_hash(store):
    stored = images.store(file_of(jpeg()))
    images.put_rendition(stored.sha256, b"for people")
    images.put_thumbnail(stored.sha256, b"small")
    assert images.open_rendition(stored.sha256).read() == b"for people"
    assert images.open_thumbnail(stored.sha256).read() == b"small"
    assert images.rendition_name("ab" * 32) == f"renditions/ab/ab/{'ab' * 32}.jpg"
    assert images.thumbnail_name("ab" * 32) == f"thumbnails/ab/ab/{'ab' * 32}.webp"


def test_a_rendition_that_is_not_made_yet_is_not_found(store):
    with pytest.raises(FileNotFoundError):
        images.open_rendition("ab" * 32)


@pytest.mark.parametrize(
    ("number", "failure"),
    [
        (errno.ENOSPC, StorageFull),
        (errno.EDQUOT, StorageFull),
        (errno.EFBIG, StorageFull),
        (errno.EIO, StorageUnavailable),
        (errno.EROFS, StorageUnavailable),
    ],
)
def test_f10_f11_a_disk_that_fails_to_sync_keeps_nothing(monkeypatch, number, failure):
    def broken(descriptor):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(failure):
        images.store(ContentFile(jpeg(), name="image"))
    assert stored_files() == []


def test_an_object_store_without_its_bucket_is_unavailable(objects, settings):
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": BUCKET | {"bucket_name": "gone"}}
    }
    with pytest.raises(StorageUnavailable):
        images.store(file_of(jpeg()))


def test_f01_what_a_killed_process_left_half_written_is_swept_after_an_hour(tmp_path):
    images.store(file_of(jpeg()))
    (tmp_path / "images" / "images").mkdir(exist_ok=True)
    half = tmp_path / "images" / "images" / ".ab.0123.part"
    half.write_bytes(b"half")
    assert images.sweep_partial(now=clock() + timedelta(minutes=59)) == 0
    assert images.sweep_partial(now=clock() + timedelta(minutes=61)) == 1
    assert not half.exists()
    assert len(stored_files()) == 1


def test_an_object_store_has_nothing_half_written(objects):
    assert images.sweep_partial(now=clock()) == 0
