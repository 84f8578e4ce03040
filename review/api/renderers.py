"""Content types that doors offer beside JSON."""

from rest_framework.renderers import BaseRenderer


class PictureRenderer(BaseRenderer):
    """Lets a browser ask for an image. The picture itself is streamed; only refusals are rendered, as problems."""

    media_type = "image/*"
    format = "picture"
    render_style = "binary"

    def render(self, data: bytes, accepted_media_type: str | None = None, renderer_context: object = None) -> bytes:
        return data
