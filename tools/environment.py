"""Make or refresh `.venv` from the lock files. Standard library only: it runs before anything is installed.

python tools/environment.py runtime|development
"""

import hashlib
import json
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCKS = {
    "runtime": ["requirements.lock", "requirements-torch.lock"],
    "development": ["requirements.lock", "requirements-torch.lock", "requirements-dev.lock"],
}
WITHOUT_TORCH = (
    "Only a CUDA build of torch can be installed here, so Tollgate goes on without it: "
    "serving works, training needs a CPU build of torch."
)


def main(kind: str) -> None:
    stamp = VENV / f".{kind}"
    wanted = _fingerprint(LOCKS[kind])
    if stamp.exists() and stamp.read_text() == wanted:
        return
    if not PYTHON.exists():
        _say("Making .venv")
        venv.create(VENV, with_pip=True)
    _say("Installing packages (a few minutes the first time)")
    for lock in LOCKS[kind]:
        # A lock names everything. What pip would look for beyond it (an extra's newest version) has no hash there.
        hashed = ("--no-deps", "--require-hashes", "--only-binary", ":all:")
        _pip("install", "--quiet", *hashed, "-r", str(ROOT / lock))
    _install_torch()
    stamp.write_text(wanted)


def _install_torch() -> None:
    """Install the CPU build of torch, or none: a CUDA build is never let in."""
    if _installed("torch"):
        return
    requirement = _torch_requirement()
    report = _pip_report(requirement)
    if report is None or _needs_cuda(report):
        _say(WITHOUT_TORCH)
        return
    # The CPU wheel differs by source, so its hash cannot be pinned for everybody; what it needs is locked.
    _pip("install", "--quiet", "--no-deps", "--only-binary", ":all:", requirement)


def _torch_requirement() -> str:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    return next(line.split()[0] for line in lines if line.startswith("torch=="))


def _pip_report(requirement: str) -> dict | None:
    """Return what pip would install for torch itself, without installing; None when there is nothing."""
    command = [str(PYTHON), "-m", "pip", "install", "--dry-run", "--no-deps", "--ignore-installed", "--quiet"]
    done = subprocess.run([*command, "--report", "-", requirement], capture_output=True, text=True, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else None


def _needs_cuda(report: dict) -> bool:
    needs = [need for package in report["install"] for need in package["metadata"].get("requires_dist", [])]
    return any(need.startswith(("nvidia-", "cuda-", "triton")) for need in needs)


def _installed(package: str) -> bool:
    done = subprocess.run([str(PYTHON), "-m", "pip", "show", "--quiet", package], capture_output=True, check=False)
    return done.returncode == 0


def _pip(*arguments: str) -> None:
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run([str(PYTHON), "-m", "pip", *arguments], env=environment, check=False)
    if done.returncode:
        sys.exit(f"pip could not install the packages of {arguments[-1]}; its message stands above.")


def _fingerprint(locks: list[str]) -> str:
    digest = hashlib.sha256(sys.version.encode())
    for name in ["requirements.txt", *locks]:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def _say(sentence: str) -> None:
    print(sentence, flush=True)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "runtime")
