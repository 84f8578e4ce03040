"""Secrets that must be read again lie in the database sealed with the SECRET_KEY, never in plain."""

import base64

from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.encoding import force_bytes


def sealed(secret: str) -> bytes:
    """Return a secret as it may lie in the database."""
    return _seal().encrypt(secret.encode())


def opened(kept: bytes | memoryview) -> str:
    """Return the secret that was sealed, with the present key or an earlier one."""
    return _seal().decrypt(bytes(kept)).decode()


def _seal() -> MultiFernet:
    """Seal with the present SECRET_KEY; open with it or with one of its fallbacks."""
    return MultiFernet([_fernet(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _fernet(secret_key: str | bytes) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"tollgate station keys").derive(
        force_bytes(secret_key)
    )
    return Fernet(base64.urlsafe_b64encode(derived))
