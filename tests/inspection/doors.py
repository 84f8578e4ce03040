"""What every refusal at a door must look like, and what it must leave behind: nothing."""

from django.core.files.storage import default_storage

from inspection.api.catalogue import CATALOGUE
from inspection.models import Batch, IngestKey, Item, Outbox, Part, Run

MEMBERS = {
    "type", "title", "status", "detail", "instance", "request_id", "code", "errors", "retryable", "retry_after_s",
}  # fmt: skip


def assert_refused(response, status: int, code: str, *, kept: int = 0) -> dict:
    """Check a problem body in full, and that no more than `kept` images were taken in."""
    assert (response.status_code, response.headers["Content-Type"]) == (status, "application/problem+json"), (
        response.content
    )
    body = response.json()
    assert body["code"] == code, body
    assert body.keys() >= MEMBERS
    assert (body["status"], body["type"].rpartition("/problems/")[2]) == (status, code)
    assert body["retryable"] is CATALOGUE[code].retryable
    assert response.headers["Cache-Control"] == "no-store"
    assert_kept(kept)
    return body


def assert_kept(images: int) -> None:
    """Check that so many images are in the rows, in the outbox and in the store, and not one more."""
    rows = [model.objects.count() for model in (Item, IngestKey)]
    assert rows == [images, images]
    assert Outbox.objects.count() == images
    assert Part.objects.count() <= images
    assert Run.objects.count() <= images
    assert Batch.objects.count() == 0
    assert len(stored_files()) <= images


def stored_files(folder: str = "") -> list[str]:
    """Return the names of all files in the store."""
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return []
    inside = [name for inner in folders for name in stored_files(f"{folder}/{inner}".lstrip("/"))]
    return [f"{folder}/{name}".lstrip("/") for name in files] + inside
