"""What the door takes in, refuses, and never does."""

import io
import subprocess
import sys

import pytest

from tests.vision import pictures as draw
from tests.vision.corpus import CASES, Case, case
from vision.header import ImageRefused, Limits, check_header


def check(data: bytes, content_type: str | None = "image/jpeg", limits: Limits | None = None):
    return check_header(io.BytesIO(data), size=len(data), content_type=content_type, limits=limits)


def code_of(data: bytes, content_type: str | None = "image/jpeg", limits: Limits | None = None) -> str:
    with pytest.raises(ImageRefused) as refused:
        check(data, content_type, limits)
    return refused.value.code


@pytest.mark.parametrize("case", [c for c in CASES if c.door_code], ids=lambda c: f"{c.id} {c.name}")
def test_the_door_refuses(case: Case):
    with pytest.raises(ImageRefused) as refused:
        check(case.data, case.content_type)
    assert (refused.value.status, refused.value.code) == (case.door_status, case.door_code)
    assert refused.value.detail.endswith(".")


@pytest.mark.parametrize("case", [c for c in CASES if not c.door_code], ids=lambda c: f"{c.id} {c.name}")
def test_the_door_takes_in(case: Case):
    header = check(case.data, case.content_type)
    assert header.content_type == case.content_type
    assert header.format == {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}[case.content_type]


@pytest.mark.parametrize(
    ("data", "content_type", "image_format"),
    [
        (draw.jpeg(), "image/jpeg", "JPEG"),
        (draw.png(), "image/png", "PNG"),
        (draw.webp(), "image/webp", "WEBP"),
        (draw.webp(lossless=True), "image/webp", "WEBP"),
        (draw.webp(draw.part(mode="RGBA"), exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"), "image/webp", "WEBP"),
    ],
)
def test_the_header_tells_format_and_size(data, content_type, image_format):
    header = check(data, content_type)
    assert (header.format, header.content_type) == (image_format, content_type)
    assert (header.width, header.height) == (320, 240)


def test_the_header_tells_whether_the_camera_left_its_notes():
    noted = draw.webp(draw.part(mode="RGBA"), exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0")
    assert (check(noted, "image/webp").has_exif, check(draw.jpeg()).has_exif) == (True, False)


@pytest.mark.parametrize("declared", [None, "", "application/octet-stream", "image/jpg", "Image/JPEG; q=1"])
def test_a_client_that_declares_nothing_or_a_synonym_is_judged_by_the_bytes(declared):
    assert check(draw.jpeg(), declared).content_type == "image/jpeg"


@pytest.mark.parametrize("declared", ["image/png", "text/html", "image/svg+xml", "multipart/form-data"])
def test_another_declared_type_is_refused_however_good_the_image(declared):
    assert code_of(draw.jpeg(), declared) == "image-type-unsupported"


def test_the_stream_is_left_at_its_beginning():
    stream = io.BytesIO(draw.jpeg())
    check_header(stream, size=len(draw.jpeg()), content_type="image/jpeg")
    assert stream.tell() == 0


def test_a_length_that_understates_the_stream_does_not_open_the_door():
    data = draw.jpeg() + bytes(3_000)
    with pytest.raises(ImageRefused) as refused:
        check_header(io.BytesIO(data), size=10, content_type=None, limits=Limits(max_bytes=len(data) - 1))
    assert refused.value.status == 413


@pytest.mark.parametrize(
    ("width", "height", "taken"),
    [(64, 64, True), (63, 64, False), (64, 1280, True), (64, 1281, False), (12_000, 600, True), (12_001, 640, False)],
)
def test_the_sides_and_their_ratio_have_limits(width, height, taken):
    image = draw.black_png(width, height, bits=1, colour=0)
    if taken:
        assert check(image, "image/png").width == width
    else:
        assert code_of(image, "image/png") == "image-dimensions"


def test_a_line_may_raise_its_pixels():
    image = draw.black_png(8_000, 6_000)
    assert code_of(image, "image/png") == "image-dimensions"
    assert check(image, "image/png", Limits(max_pixels=50_000_000)).width == 8_000


@pytest.mark.parametrize("scans", [100, 101])
def test_a_hundred_scans_are_the_most(scans):
    image = draw.many_scans(scans)
    if scans <= 100:
        assert check(image).format == "JPEG"
    else:
        assert code_of(image) == "image-too-complex"


@pytest.mark.parametrize(
    "image",
    [
        draw.webp()[:-40],
        draw.webp()[:30],
        draw.webp()[:12],
        draw.webp(draw.part(mode="RGBA")).replace(b"VP8 ", b"XXXX", 1),
    ],
    ids=["cut", "cut in the header", "nothing behind the magic", "no picture"],
)
def test_a_broken_webp_is_refused(image):
    assert code_of(image, "image/webp") == "image-corrupt"


def test_an_animation_that_hides_its_flag_is_refused():
    image = bytearray(case("I52").data)
    image[image.index(b"VP8X") + 8] &= ~0x02
    assert code_of(bytes(image), "image/webp") == "image-animated"


def test_a_webp_whose_canvas_is_not_its_picture_is_refused():
    image = bytearray(draw.webp(draw.part(mode="RGBA"), exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"))
    at = image.index(b"VP8X") + 12
    image[at : at + 3] = (2_000).to_bytes(3, "little")
    assert code_of(bytes(image), "image/webp") == "image-corrupt"


@pytest.mark.parametrize("cut", range(2, 60, 3))
def test_a_jpeg_cut_anywhere_near_its_start_is_refused_not_raised(cut):
    assert code_of(draw.jpeg()[:cut]) == "image-corrupt"


def test_bytes_between_jpeg_segments_are_refused():
    image = draw.jpeg()
    assert code_of(image[:2] + b"abc" + image[2:]) == "image-corrupt"


def test_a_jpeg_without_a_scan_holds_no_picture():
    image = draw.jpeg()
    assert code_of(image[: image.index(b"\xff\xda")] + b"\xff\xd9") == "image-corrupt"


def test_a_thumbnail_in_the_metadata_does_not_end_the_walk():
    inside = draw.with_segment(draw.jpeg(), 0xE1, b"Exif\0\0" + draw.jpeg(draw.part(64, 64)))
    assert check(inside).width == 320
    assert code_of(inside[:-2]) == "image-corrupt"


def test_the_door_loads_no_model_runtime_and_no_scientific_library():
    told = subprocess.run(
        [sys.executable, "-c", "import sys, vision.header; print(*sorted(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(told.stdout.split())
    assert "vision.header" in loaded
    assert not loaded & {"torch", "onnxruntime", "onnx", "scipy", "sklearn", "numpy"}
