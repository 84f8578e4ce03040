"""Looks at one picture as the server would: decoded in a child process, measured, scored by the granted model."""

from dataclasses import asdict
from pathlib import Path

from vision import serving
from vision.decode import DecodeFailed, Decoder
from vision.embedding import embed
from vision.measures import fingerprint, measure
from vision.offline import Seen, Terms
from vision.serving import ModelFailed, ModelMissing, Scorer


class Judge:
    """One decoder and the model last asked for. For one thread."""

    def __init__(self, scratch: Path) -> None:
        self._scratch, self._decoder = scratch, Decoder()
        self._loaded: tuple[str, Scorer] | None = None

    def look(self, picture: bytes, terms: Terms, model: Path) -> tuple[Seen, int] | None:
        """Return what is on the picture and its fingerprint; None where it gives no pixels or the model no answer."""
        self._scratch.write_bytes(picture)
        try:
            pixels = self._decoder.decode(
                self._scratch, max_pixels=terms.max_megapixels * 1_000_000, renditions=False
            ).pixels
            scored = self._scorer(terms, model).score(pixels, call_threshold=terms.call_threshold, heatmap=False)
        except (DecodeFailed, ModelFailed, ModelMissing):
            return None
        measures = measure(pixels, size_bytes=len(picture), patch=terms.patch)
        seen = Seen(
            measures=asdict(measures),
            is_blank=measures.blank,
            embedding=embed(pixels),
            probability=scored.probability,
            defect_class=scored.defect_class or "",
        )
        return seen, fingerprint(pixels)

    def close(self) -> None:
        self._decoder.close()

    def _scorer(self, terms: Terms, model: Path) -> Scorer:
        if self._loaded is None or self._loaded[0] != terms.model_sha256:
            # The card was written from the signed terms; it vouches for the file.
            self._loaded = terms.model_sha256, serving.load(model)
        return self._loaded[1]
