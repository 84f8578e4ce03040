"""What a process does not load, it does not wait for."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOLD = "import sys; sys.exit(', '.join(sorted(name for name in {heavy} if name in sys.modules)) or 0)"


def loaded(code, heavy):
    """Run the code in a process of its own and return which of the heavy packages it loaded."""
    program = f"{code}\n{TOLD.format(heavy=heavy)}"
    return subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False).stderr


@pytest.mark.parametrize("package", ["torch", "river", "onnxruntime", "sklearn", "pandas"])
def test_the_web_process_is_free_of(package):
    assert package not in loaded("import config.wsgi", [package]).splitlines()


@pytest.mark.parametrize(
    ("module", "heavy"),
    # The relay watches the images for drift itself, and a worker that waits for a training loads nothing to learn with.
    [
        ("config.relay, config.rounds", ["torch", "onnxruntime"]),
        ("review.tasks", ["torch", "onnxruntime", "river"]),
        ("config.engine.preparation", ["torch", "river"]),
    ],
)
def test_relay_and_preparation_are_free_of_models(module, heavy):
    ready = "import os; os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'config.settings.test')"
    code = f"{ready}\nimport django\ndjango.setup()\nimport {module}"
    assert loaded(code, heavy).strip().splitlines()[-1:] in ([], [""])


def test_the_supervisor_loads_no_app():
    assert "review" not in loaded("import config.engine.__main__", ["review", "django.db.models"]).splitlines()
