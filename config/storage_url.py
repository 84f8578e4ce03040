"""STORAGE_URL: where images are kept."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.core.exceptions import ImproperlyConfigured


def storage_of(url: str) -> dict[str, Any]:
    """Return the Django storage of `file:///folder` or `s3://bucket?endpoint=https://host&region=name`.

    Keys for S3 come from the usual AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Raises ImproperlyConfigured.
    """
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.path.startswith("/"):
        return {"BACKEND": "config.storage.DurableFileSystemStorage", "OPTIONS": {"location": parts.path}}
    if parts.scheme == "s3" and parts.netloc:
        return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": _s3(parts.netloc, parts.query)}
    raise ImproperlyConfigured(f"STORAGE_URL is {url!r}, use file:///folder or s3://bucket?endpoint=https://host.")


def _s3(bucket: str, query: str) -> dict[str, Any]:
    asked = {name: values[-1] for name, values in parse_qs(query).items()}
    unknown = set(asked) - {"endpoint", "region"}
    if unknown:
        raise ImproperlyConfigured(f"STORAGE_URL has unknown options {sorted(unknown)}, use endpoint and region.")
    return {
        "bucket_name": bucket,
        "endpoint_url": asked.get("endpoint"),
        "region_name": asked.get("region"),
        "file_overwrite": True,
        "default_acl": None,
        "querystring_expire": 300,
    }
