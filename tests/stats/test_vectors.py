"""Every known answer of the specification, and the form in which it must be given."""

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text())


def same(got: Any, expected: Any, tolerance: float) -> bool:
    if isinstance(expected, dict):
        return all(same(field(got, name), value, tolerance) for name, value in expected.items())
    if isinstance(expected, list):
        return len(got) == len(expected) and all(map(same, got, expected, [tolerance] * len(got)))
    if expected is None or isinstance(expected, bool | str):
        return type(got) is type(expected) and got == expected
    return type(got) in (int, float) and abs(got - expected) <= tolerance * max(1, abs(expected))


def field(got: Any, name: str) -> Any:
    return got[name] if isinstance(got, dict) else getattr(got, name)


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_the_known_answer_is_given(vector):
    module, name = vector["function"].rsplit(".", 1)
    function = getattr(importlib.import_module(module), name)
    if vector["expected"] == {"raises": "ValueError"}:
        with pytest.raises(ValueError, match=r"\w.*\.$"):
            function(*vector["args"])
    else:
        assert same(function(*vector["args"]), vector["expected"], vector["tolerance"])
