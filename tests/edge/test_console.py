import io

import pytest

from edge.outputs import Command, OutputError
from edge.outputs.console import ConsoleOutput


def drive(command, **settings):
    stream = io.StringIO()
    ConsoleOutput(stream, **settings).drive(command)
    return stream.getvalue()


def command(**changes):
    return Command(
        **({"number": 1, "serial": "A-17", "run": 1, "verdict": "pass", "reason": "auto-pass band"} | changes)
    )


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({}, "A-17\t1\tpass\tauto-pass band\n"),
        ({"run": None, "verdict": "hold", "reason": "silent"}, "A-17\t-\thold\tsilent\n"),
        ({"repeated": True}, "A-17\t1\tpass\tauto-pass band (repeated)\n"),
        ({"serial": "A\n17\x1b[2J"}, "A?17?[2J\t1\tpass\tauto-pass band\n"),
        ({"reason": "한글 사유"}, "A-17\t1\tpass\t한글 사유\n"),
    ],
)
def test_one_line_for_each_part(change, line):
    assert drive(command(**change)) == line


def test_several_lines_on_one_console_are_told_apart():
    assert drive(command(), prefix="phone-back\t").startswith("phone-back\tA-17\t")


def test_a_closed_console_is_a_fault_of_the_output():
    stream = io.StringIO()
    stream.close()
    with pytest.raises(OutputError, match="cannot be written"):
        ConsoleOutput(stream).drive(command())
