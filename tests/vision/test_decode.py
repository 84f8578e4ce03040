"""Pixels from a child process: what they look like, and what happens when the child does not come back."""

import io
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from tests.vision import pictures as draw
from tests.vision.aborting_reader import HANGS, HOARDS
from tests.vision.corpus import CASES, Case, case
from vision.decode import DECODER_ID, DecodeFailed, Decoder, Picture
from vision.measures import measure

ABORTING = "tests.vision.aborting_reader"


@pytest.fixture(scope="module")
def decoder():
    with Decoder() as decoder:
        yield decoder


@pytest.fixture
def stored(tmp_path):
    def store(data: bytes) -> Path:
        path = tmp_path / "image"
        path.write_bytes(data)
        return path

    return store


def shown(picture: Picture) -> Image.Image:
    return Image.open(io.BytesIO(picture.rendition))


@pytest.mark.parametrize(
    "case",
    [c for c in CASES if c.worker in ("ok", "blank")],
    ids=lambda c: f"{c.id} {c.name}",
)
def test_what_the_door_takes_in_becomes_a_picture(case: Case, decoder, stored):
    picture = decoder.decode(stored(case.data))
    assert picture.pixels.dtype == np.uint8
    assert picture.pixels.shape[2] == 3
    assert max(picture.pixels.shape) <= 1024
    assert measure(picture.pixels, size_bytes=len(case.data)).blank == (case.worker == "blank")
    assert shown(picture).mode == "RGB"


@pytest.mark.parametrize("id", ["W01", "W02", "W03"])
def test_what_only_decoding_shows_is_told(id, decoder, stored):
    with pytest.raises(DecodeFailed) as failed:
        decoder.decode(stored(case(id).data))
    assert failed.value.code == "decode-corrupt"


@pytest.mark.parametrize("id", ["I07", "I08", "I40", "I44"])
def test_no_byte_of_a_tail_or_of_metadata_reaches_the_rendition(id, decoder, stored):
    picture = decoder.decode(stored(case(id).data))
    for served in (picture.rendition, picture.thumbnail):
        assert not any(planted in served for planted in (b"script", b"onerror", b"PK\x03\x04", b"HYPERLINK", b"Exif"))
        assert not Image.open(io.BytesIO(served)).getexif()


@pytest.mark.parametrize(
    ("orientation", "corner"),
    [(1, "top left"), (2, "top right"), (3, "bottom right"), (4, "bottom left"),
     (5, "top left"), (6, "top right"), (7, "bottom right"), (8, "bottom left")],
)  # fmt: skip
def test_the_picture_is_turned_upright(orientation, corner, decoder, stored):
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = decoder.decode(stored(draw.jpeg(exif=exif.tobytes())))
    assert (picture.width, picture.height) == ((320, 240) if orientation < 5 else (240, 320))
    assert picture.pixels.shape[:2] == (picture.height, picture.width)
    assert shown(picture).size == (picture.width, picture.height)
    row, column = (0 if "top" in corner else -1), (0 if "left" in corner else -1)
    assert reddest_corner(picture.pixels) == (row, column)


def reddest_corner(pixels) -> tuple[int, int]:
    corners = [(row, column) for row in (0, -1) for column in (0, -1)]
    return max(corners, key=lambda at: int(pixels[at][0]) - int(pixels[at][2]))


def test_sixteen_bits_are_scaled_not_clipped(decoder, stored):
    pixels = decoder.decode(stored(draw.sixteen_bit((0, 256, 32_768, 65_535)))).pixels
    assert [int(pixels[64, 16 + 32 * n, 0]) for n in range(4)] == [0, 1, 128, 255]


def test_transparency_hides_nothing(decoder, stored):
    image = draw.part(mode="RGBA").copy()
    image.putalpha(0)
    pixels = decoder.decode(stored(draw.png(image))).pixels
    assert pixels.tolist() == np.asarray(draw.part()).tolist()


SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def test_a_colour_profile_is_applied(decoder, stored):
    plain = decoder.decode(stored(draw.png())).pixels.astype(int)
    # A profile whose red and green primaries have changed places.
    swapped = SRGB.replace(b"rXYZ", b"????", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"????", b"gXYZ", 1)
    seen = decoder.decode(stored(draw.png(icc_profile=swapped))).pixels.astype(int)
    assert np.abs(seen[..., [1, 0, 2]] - plain).max() <= 2
    assert np.abs(seen - plain).max() > 50


def test_a_picture_in_srgb_or_with_an_unfit_profile_stays_as_it_is(decoder, stored):
    plain = decoder.decode(stored(draw.png())).pixels.astype(int)
    unfit = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    for profile in (SRGB, unfit, b"no profile at all"):
        pixels = decoder.decode(stored(draw.png(icc_profile=profile))).pixels
        assert np.abs(pixels - plain).max() <= 1


def test_large_pictures_are_kept_small(decoder, stored):
    picture = decoder.decode(stored(draw.jpeg(draw.part(4_000, 3_000))))
    assert (picture.width, picture.height) == (4_000, 3_000)
    assert picture.pixels.shape == (768, 1024, 3)
    assert shown(picture).size == (1920, 1440)
    assert Image.open(io.BytesIO(picture.thumbnail)).size == (400, 300)
    assert Image.open(io.BytesIO(picture.thumbnail)).format == "WEBP"


def test_training_sees_the_same_pixels_as_serving(decoder, stored):
    path = stored(draw.jpeg(draw.part(2_600, 1_900)))
    served, trained = decoder.decode(path), decoder.decode(path, renditions=False)
    assert (served.pixels == trained.pixels).all()
    assert (trained.rendition, trained.thumbnail) == (b"", b"")


def test_the_first_picture_of_two_is_taken(decoder, stored):
    picture = decoder.decode(stored(case("I60").data))
    assert picture.format == "JPEG"
    assert reddest_corner(picture.pixels) == (0, 0)


def test_more_pixels_than_the_line_allows_are_not_decoded(decoder, stored):
    with pytest.raises(DecodeFailed) as failed:
        decoder.decode(stored(draw.jpeg()), max_pixels=320 * 240 - 1)
    assert failed.value.code == "decode-dimensions"


@pytest.mark.parametrize(
    ("content", "code"),
    [(case("W04").data, "decode-died"), (draw.jpeg() + HANGS, "decode-late"), (draw.jpeg() + HOARDS, "decode-memory")],
    ids=["aborts", "hangs", "hoards"],
)
def test_a_poisonous_picture_takes_down_nothing_but_itself(content, code, tmp_path):
    (tmp_path / "poison").write_bytes(content)
    (tmp_path / "good").write_bytes(draw.jpeg())
    with Decoder(reader=ABORTING, wall_s=3) as decoder:
        before = decoder.decode(tmp_path / "good")
        with pytest.raises(DecodeFailed) as failed:
            decoder.decode(tmp_path / "poison")
        after = decoder.decode(tmp_path / "good")
    assert failed.value.code == code
    assert (after.pixels == before.pixels).all()


def test_work_without_end_is_stopped_by_the_processor_time_it_takes(tmp_path):
    (tmp_path / "poison").write_bytes(draw.jpeg() + HANGS)
    with Decoder(reader=ABORTING, cpu_s=1, wall_s=60) as decoder, pytest.raises(DecodeFailed) as failed:
        decoder.decode(tmp_path / "poison")
    assert failed.value.code == "decode-late"


def test_a_child_that_was_killed_between_pictures_is_replaced(stored):
    with Decoder() as decoder:
        decoder.decode(stored(draw.jpeg()))
        first = decoder.pid
        assert first
        os.kill(first, signal.SIGKILL)
        os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)
        assert decoder.decode(stored(draw.jpeg())).width == 320
        assert decoder.pid != first


def test_no_child_outlives_its_decoder(stored):
    with Decoder() as decoder:
        decoder.decode(stored(draw.jpeg()))
        pid = decoder.pid
        assert pid
    assert decoder.pid is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_the_child_has_never_loaded_a_model_runtime_and_stays_small(stored):
    with Decoder() as decoder:
        decoder.decode(stored(case("I55").data))
        libraries = Path(f"/proc/{decoder.pid}/maps").read_text()
        status = Path(f"/proc/{decoder.pid}/status").read_text()
    peak_kb = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    assert "libtorch" not in libraries
    assert "onnxruntime" not in libraries
    assert peak_kb < 400_000


def test_a_missing_file_is_a_picture_that_cannot_be_decoded(decoder, tmp_path):
    with pytest.raises(DecodeFailed):
        decoder.decode(tmp_path / "absent")


def test_the_decoder_has_a_name():
    assert DECODER_ID == "pillow-srgb-1024/1"


def test_an_image_at_its_full_size_comes_upright_in_tiles_without_the_cameras_notes(decoder, stored):
    lying = draw.part(1500, 2500)
    notes = Image.Exif()
    notes[0x0112] = 6

    tiles = [Image.open(io.BytesIO(one)) for one in decoder.tiles(stored(draw.jpeg(lying, exif=notes)))]

    assert [one.size for one in tiles] == [
        (1024, 1024),
        (1024, 1024),
        (452, 1024),
        (1024, 476),
        (1024, 476),
        (452, 476),
    ]
    assert not any(one.getexif() for one in tiles)
    whole = Image.new("RGB", (2500, 1500))
    for n, one in enumerate(tiles):
        whole.paste(one, (n % 3 * 1024, n // 3 * 1024))
    upright = np.asarray(lying.transpose(Image.Transpose.ROTATE_270), dtype=float)
    assert np.abs(np.asarray(whole, dtype=float) - upright).mean() < 1


def test_tiles_of_too_large_an_image_are_refused(decoder, stored):
    with pytest.raises(DecodeFailed) as failed:
        decoder.tiles(stored(draw.jpeg(draw.part(1500, 2500))), max_pixels=1_000_000)
    assert failed.value.code == "decode-dimensions"
