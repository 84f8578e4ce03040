"""The stamp that shows a supervisor how long a process has not moved on."""

import pytest

from config.progress import beat, busy_for, stamped


def test_a_stamp_tells_since_when_a_task_runs_and_goes_with_it(tmp_path, monkeypatch):
    stamp = tmp_path / "worker.progress"
    monkeypatch.setattr("time.monotonic", lambda: 100.0)
    with stamped(str(stamp)):
        assert busy_for(stamp, now=112.5) == 12.5
    assert busy_for(stamp, now=200.0) == 0.0


def test_a_stamp_is_whole_or_not_there(tmp_path, monkeypatch):
    stamp = tmp_path / "worker.progress"

    def ends_before_it_writes(path, _text):
        path.touch()
        raise KeyboardInterrupt

    monkeypatch.setattr("pathlib.Path.write_text", ends_before_it_writes)
    with pytest.raises(KeyboardInterrupt), stamped(str(stamp)):
        pass
    assert not stamp.exists()


def test_a_loop_that_goes_round_is_never_long_away(tmp_path, monkeypatch):
    stamp = tmp_path / "relay.progress"
    monkeypatch.setenv("PROGRESS_FILE", str(stamp))
    for moment in (100.0, 107.0):
        monkeypatch.setattr("time.monotonic", lambda now=moment: now)
        beat()
    assert busy_for(stamp, now=110.0) == 3.0
