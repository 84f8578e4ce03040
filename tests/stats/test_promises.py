"""Every function of the contract says what it promises, with an example, in files that stay small."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import stats

FILES = sorted(Path(stats.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_public_function_has_an_example(file):
    functions = [node for node in ast.parse(file.read_text()).body if isinstance(node, ast.FunctionDef)]
    silent = [node.name for node in functions if node.name[0] != "_" and ">>>" not in (ast.get_docstring(node) or "")]
    assert silent == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_file_passes_300_lines(file):
    assert len(file.read_text().splitlines()) <= 300


def test_no_page_pays_for_river():
    names = ", ".join(f"stats.{file.stem}" for file in FILES if file.stem not in ("__init__", "adwin"))
    code = f"import sys, {names}; sys.exit('river' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=FILES[0].parent.parent, check=False).returncode == 0
