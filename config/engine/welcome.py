"""What is printed once everything runs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any


def text(url: str, people: Mapping[str, Any], *, folder: Path) -> str:
    """Return the address, who may sign in, and what to try first."""
    words = _clean_install(url, people["setup_path"]) if not people["people"] else _demo(url, people["people"])
    return "\n".join(["", f"Tollgate runs at {url}", "", *words, "", f"State is kept in {folder}. Ctrl-C stops.", ""])


def _clean_install(url: str, setup_path: str) -> list[str]:
    if not setup_path:
        return ["Sign in with your own name."]
    return ["A clean install. Make the first administrator here, once:", f"  {url}{setup_path}"]


def _demo(url: str, people: list[dict[str, str]]) -> list[str]:
    names = ", ".join(f"{person['username']} ({person['role'].replace('_', ' ')})" for person in people)
    return [
        f"Sign in as {names}",
        f"with the password {people[0]['password']}",
        "",
        "Try first",
        f"  1. as ana: judge ten phones by keyboard (F pass, J defect)   {url}/",
        f"  2. as quinn: read whether the model may assist               {url}/lines/phone-lens/agreement/",
        f"  3. as quinn, then quill: sign the step up                    {url}/lines/phone-lens/automation/",
    ]
