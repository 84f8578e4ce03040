"""A decode child that dies in native code on every picture."""

import os

from vision.decode_child import serve


def die(*_: object, **__: object) -> None:
    os.abort()


if __name__ == "__main__":
    serve(die)
