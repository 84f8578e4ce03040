import json
import os

import pytest

from edge.camera import CameraError, UnusablePictureError, WatchedFolder
from edge.incumbent import SidecarError, read_sidecar
from edge.wholeness import Wholeness, ends_properly, is_open_for_writing
from tests.edge.builders import lay, picture

# Quiet for half a second, patient for ten; the tests move the clock themselves.
RULE = Wholeness(quiet=0.5, patience=10.0)


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "camera"
    path.mkdir()
    return path


@pytest.fixture
def camera(folder):
    return WatchedFolder(folder, wholeness=RULE)


def settle(camera, now=0.0):
    """Look once, let the quiet time pass, look again."""
    camera.next(now)
    return camera.next(now + RULE.quiet)


def test_a_whole_picture_is_taken_under_its_files_name(folder, camera):
    lay(folder, "A-17.jpg", picture(1), at=1_772_452_800.25)
    capture = settle(camera)
    assert capture.picture == picture(1)
    assert (capture.serial, capture.media_type, capture.view) == ("A-17", "image/jpeg", None)
    assert capture.captured_at == "2026-03-02T12:00:00.250Z"


def test_a_picture_needs_a_moment_of_quiet(folder, camera):
    lay(folder, "A-17.jpg", picture(1))
    assert camera.next(0.0) is None
    assert camera.next(0.4) is None
    assert camera.next(0.5) is not None


def test_a_picture_that_is_still_held_open_is_not_taken(folder, camera):
    with (folder / "A-17.jpg").open("wb") as file:
        file.write(picture(1))
        file.flush()
        assert settle(camera) is None
        assert camera.next(1000.0) is None
    assert camera.next(1000.0).picture == picture(1)


def test_half_a_picture_is_not_taken_even_when_its_writer_pauses(folder, camera):
    whole = picture(1)
    path = folder / "A-17.jpg"
    path.write_bytes(whole[:1000])
    assert settle(camera) is None
    assert camera.next(9.0) is None
    path.write_bytes(whole)
    assert camera.next(9.1) is None
    assert camera.next(9.6).picture == whole


@pytest.mark.parametrize("content", [picture(1)[:1000], b""])
def test_a_picture_that_stays_broken_is_taken_as_it_is_when_patience_ends(folder, camera, content):
    (folder / "A-17.jpg").write_bytes(content)
    assert settle(camera) is None
    assert camera.next(10.0).picture == content


def test_the_oldest_whole_picture_comes_first(folder, camera):
    lay(folder, "b.jpg", picture(1), at=100)
    lay(folder, "a.jpg", picture(2), at=200)
    (folder / "c.jpg").write_bytes(picture(3)[:1000])
    os.utime(folder / "c.jpg", (50, 50))
    first = settle(camera)
    camera.release(first.source)
    second = camera.next(1.0)
    assert (first.serial, second.serial) == ("b", "a")


def test_a_released_picture_is_kept_elsewhere_and_never_given_again(folder, camera):
    lay(folder, "A-17.jpg", picture(1))
    capture = settle(camera)
    camera.release(capture.source)
    camera.release(capture.source)
    assert settle(WatchedFolder(folder, wholeness=RULE)) is None
    assert (folder / "taken" / "A-17.jpg").read_bytes() == picture(1)


def test_a_part_that_comes_back_under_the_same_name_is_taken_again(folder, camera):
    for number in (1, 2):
        lay(folder, "A-17.jpg", picture(number))
        capture = settle(camera, now=float(number))
        assert capture.picture == picture(number)
        camera.release(capture.source)
    assert sorted(path.name for path in (folder / "taken").iterdir()) == ["A-17.2.jpg", "A-17.jpg"]


def test_releasing_an_old_picture_leaves_a_later_one_of_that_name_alone(folder, camera):
    lay(folder, "A-17.jpg", picture(1), at=100)
    old = settle(camera)
    lay(folder, "A-17.jpg", picture(2), at=200)
    camera.release(old.source)
    assert (folder / "A-17.jpg").read_bytes() == picture(2)


@pytest.mark.parametrize("name", [".A-17.jpg", "A-17.jpg.part", "A-17.tmp", "notes.txt", "A-17.json"])
def test_other_files_are_left_alone(folder, camera, name):
    (folder / name).write_bytes(picture(1))
    assert settle(camera) is None
    assert (folder / name).exists()


def test_a_link_out_of_the_folder_is_not_followed(folder, camera, tmp_path):
    (tmp_path / "elsewhere.jpg").write_bytes(picture(1))
    (folder / "A-17.jpg").symlink_to(tmp_path / "elsewhere.jpg")
    assert settle(camera) is None


def test_a_format_the_server_will_refuse_is_taken_all_the_same(folder, camera):
    lay(folder, "A-17.bmp", b"BM....")
    assert settle(camera).media_type == "image/bmp"


def test_a_sidecar_tells_what_is_known_and_goes_with_its_picture(folder, camera):
    told = {"serial": "S-1", "view": "back", "lot": "L-8", "incumbent_verdict": "reject"}
    (folder / "IMG1.json").write_text(json.dumps(told))
    lay(folder, "IMG1.jpg", picture(1))
    capture = settle(camera)
    assert {name: getattr(capture, name) for name in told} == told
    camera.release(capture.source)
    assert sorted(path.name for path in (folder / "taken").iterdir()) == ["IMG1.jpg", "IMG1.json"]


def test_a_sidecar_half_written_is_waited_for(folder, camera):
    (folder / "IMG1.json").write_text('{"incumbent_verdict": "rej')
    lay(folder, "IMG1.jpg", picture(1))
    assert settle(camera) is None
    (folder / "IMG1.json").write_text('{"incumbent_verdict": "reject"}')
    assert camera.next(1.0).incumbent_verdict == "reject"


def test_a_sidecar_half_written_does_not_keep_back_the_next_part(folder, camera):
    (folder / "IMG1.json").write_text("{")
    lay(folder, "IMG1.jpg", picture(1), at=100)
    lay(folder, "IMG2.jpg", picture(2), at=200)
    assert settle(camera).serial == "IMG2"


def test_a_sidecar_that_stays_unreadable_sets_the_picture_aside(folder, camera):
    (folder / "IMG1.json").write_text("{")
    lay(folder, "IMG1.jpg", picture(1))
    settle(camera)
    with pytest.raises(UnusablePictureError, match=r"IMG1\.json is not JSON\. The picture is set aside\.") as fault:
        camera.next(10.0)
    camera.set_aside(fault.value.source)
    assert sorted(path.name for path in (folder / "unusable").iterdir()) == ["IMG1.jpg", "IMG1.json"]
    assert settle(camera, 20.0) is None


def test_a_data_set_folder_is_not_watched_because_its_names_tell_the_labels(folder):
    (folder / "manifest.csv").write_text("path,label\n")
    with pytest.raises(CameraError, match="its file names tell the labels"):
        WatchedFolder(folder)


def test_a_folder_that_is_not_there_is_told_by_name(tmp_path):
    with pytest.raises(CameraError, match="nowhere is not a folder"):
        WatchedFolder(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ("[1]", "holds no JSON object"),
        ('{"verdict": "pass"}', "unknown field 'verdict'; known are serial, view"),
        ('{"incumbent_verdict": "ok"}', "'ok', use 'pass' or 'reject'"),
        ('{"serial": 17}', "serial is 17, a text was expected"),
        ('{"serial": " "}', "serial is ' ', a text was expected"),
        ("\ud800".encode("utf-8", "surrogatepass"), "is not JSON"),
    ],
)
def test_a_sidecar_says_what_is_wrong_with_it(tmp_path, told, sentence):
    path = tmp_path / "IMG1.json"
    path.write_bytes(told if isinstance(told, bytes) else told.encode())
    with pytest.raises(SidecarError, match=sentence):
        read_sidecar(path)


def test_no_sidecar_tells_nothing(tmp_path):
    assert read_sidecar(tmp_path / "IMG1.json").incumbent_verdict is None


@pytest.mark.parametrize(
    ("content", "ended"),
    [
        (b"\xff\xd8...\xff\xd9", True),
        (b"\xff\xd8...", False),
        (b"\x89PNG\r\n\x1a\n....\x00\x00\x00\x00IEND\xaeB`\x82", True),
        (b"\x89PNG\r\n\x1a\n....", False),
        (b"RIFF....WEBP", True),
    ],
)
def test_jpeg_and_png_have_an_ending(tmp_path, content, ended):
    (tmp_path / "x").write_bytes(content)
    assert ends_properly(tmp_path / "x") is ended


def test_a_reader_does_not_count_as_a_writer(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"x")
    with path.open("rb"):
        assert not is_open_for_writing(path)
    with path.open("ab"):
        assert is_open_for_writing(path)
