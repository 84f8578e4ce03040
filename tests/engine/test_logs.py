"""Logs of the engine's processes are turned while they write, and old ones go."""

from config.engine import processes
from config.engine.processes import Child


def test_a_full_log_is_put_aside_while_its_process_writes_on_and_the_oldest_goes(tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "LOG_MAX_BYTES", 10)
    child = Child("web", [], {}, tmp_path / "web.log")
    with child.log.open("ab", buffering=0) as process:
        for n in range(1, 9):
            process.write(f"line {n} of the process\n".encode())
            child.turn_log()
        process.write(b"short\n")
        child.turn_log()
    told = {file.name: file.read_text() for file in tmp_path.iterdir()}
    aside = {f"web.{n}.log": f"line {9 - n} of the process\n" for n in range(1, processes.LOGS_KEPT + 1)}
    assert told == {"web.log": "short\n", **aside}
