import errno
import os

import pytest

from edge import spool as spool_module
from edge.spool import DamagedEntryError, Spool, SpoolFullError, SpoolTakenError
from tests.edge.builders import make_capture


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "spool"


def reopened(spool, folder):
    spool.close()
    return Spool(folder)


def test_pictures_come_back_whole_and_in_order_after_a_restart(folder):
    spool = Spool(folder)
    for number in (3, 1, 2):
        spool.put(f"key-{number}", make_capture(number, lot="L-8", incumbent_verdict="reject"))
    spool = reopened(spool, folder)
    seen = []
    while entry := spool.oldest():
        seen.append((entry.key, entry.capture))
        spool.remove(entry)
    assert seen == [
        (f"key-{number}", make_capture(number, lot="L-8", incumbent_verdict="reject")) for number in (3, 1, 2)
    ]


def test_order_holds_across_restarts_with_pictures_left(folder):
    spool = Spool(folder)
    spool.put("a", make_capture(1))
    spool = reopened(spool, folder)
    spool.put("b", make_capture(2))
    assert spool.oldest().key == "a"


def test_a_known_key_is_kept_once(folder):
    spool = Spool(folder)
    spool.put("a", make_capture(1))
    spool.put("a", make_capture(1))
    assert len(spool) == 1


def test_a_removed_picture_stays_removed(folder):
    spool = Spool(folder)
    spool.put("a", make_capture(1))
    spool.remove(spool.oldest())
    assert reopened(spool, folder).oldest() is None


def test_what_was_being_written_when_the_station_died_is_swept(folder):
    Spool(folder).close()
    (folder / "unfinished" / "000000000001-a.part").write_bytes(b"half a pic")
    spool = Spool(folder)
    assert len(spool) == 0
    assert list((folder / "unfinished").iterdir()) == []


def test_the_picture_is_on_disk_before_it_has_its_name(folder, monkeypatch):
    steps = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: steps.append("fsync"))
    rename = type(folder).rename
    monkeypatch.setattr(type(folder), "rename", lambda self, to: steps.append("rename") or rename(self, to))
    Spool(folder).put("a", make_capture(1))
    assert steps == ["fsync", "rename", "fsync"]


def test_a_damaged_file_is_set_aside_and_the_next_one_follows(folder):
    spool = Spool(folder)
    spool.put("a", make_capture(1))
    spool.put("b", make_capture(2))
    first = next((folder / "pending").glob("*-a.part"))
    first.write_bytes(first.read_bytes()[:-1] + b"?")
    with pytest.raises(DamagedEntryError) as damage:
        spool.oldest()
    assert damage.value.key == "a"
    assert spool.oldest().key == "b"
    assert [path.name for path in (folder / "damaged").iterdir()] == [first.name]


@pytest.mark.parametrize("content", [b"", b"{}\n", b"[1]\n", b'{"key": "a", "sha256": 1, "record": {"x": 1}}\nJ'])
def test_a_file_that_is_no_entry_counts_as_damaged(folder, content):
    Spool(folder).close()
    (folder / "pending" / "000000000001-a.part").write_bytes(content)
    with pytest.raises(DamagedEntryError):
        Spool(folder).oldest()


def test_a_refused_picture_lies_beside_the_reason(folder):
    spool = Spool(folder)
    spool.put("a", make_capture(1))
    target = spool.refuse(spool.oldest(), {"code": "image-corrupt"})
    assert target == folder / "refused" / "a"
    assert (target / "picture").read_bytes() == make_capture(1).picture
    assert "image-corrupt" in (target / "problem.json").read_text()
    assert '"serial": "A-1"' in (target / "record.json").read_text()
    assert len(spool) == 0


def test_a_refusal_cut_short_by_a_kill_can_be_done_again(folder):
    spool = Spool(folder)
    spool.put("a", make_capture(1))
    entry = spool.oldest()
    spool.refuse(entry, {"code": "image-corrupt"})
    entry.path.write_bytes(b"as if the kill had come before the removal")
    spool.refuse(entry, {"code": "image-corrupt"})
    assert not entry.path.exists()


def test_two_stations_never_share_a_spool(folder):
    first = Spool(folder)
    with pytest.raises(SpoolTakenError, match=r"give each its own --spool\.$"):
        Spool(folder)
    first.close()
    Spool(folder)


def fill(spool):
    for number in range(100):
        spool.put(f"key-{number}", make_capture(number))


def test_the_limit_refuses_with_a_sentence_and_takes_again_after_a_removal(folder):
    spool = Spool(folder, limit=12_000)
    with pytest.raises(SpoolFullError, match="parts are held until the server takes some"):
        fill(spool)
    assert spool.nearly_full
    assert spool.used_bytes <= 12_000
    spool.remove(spool.oldest())
    spool.put("again", make_capture(0))


def test_a_disk_without_headroom_counts_as_full(folder):
    with pytest.raises(SpoolFullError, match=r"The disk under .* is full; parts are held until there is room\."):
        Spool(folder, headroom=10**18).put("a", make_capture(1))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_fills_up_in_the_act_leaves_nothing_behind(folder, monkeypatch, number):
    def full(path, content):
        path.write_bytes(content[: len(content) // 2])
        raise OSError(number, os.strerror(number))

    spool = Spool(folder)
    monkeypatch.setattr(spool_module, "write_durably", full)
    with pytest.raises(SpoolFullError):
        spool.put("a", make_capture(1))
    assert len(spool) == 0
    assert list((folder / "unfinished").iterdir()) == list((folder / "pending").iterdir()) == []
