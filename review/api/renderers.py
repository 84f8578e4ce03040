"""Content types that doors offer beside JSON."""

from rest_framework.renderers import BaseRenderer


class _Streamed(BaseRenderer):
    """A type a client may ask for. The thing itself is streamed; only refusals are rendered, as problems."""

    render_style = "binary"

    def render(self, data: bytes, accepted_media_type: str | None = None, renderer_context: object = None) -> bytes:
        return data


class PictureRenderer(_Streamed):
    media_type = "image/*"
    format = "picture"


class TableRenderer(_Streamed):
    media_type = "text/csv"
    format = "csv"
