"""The chain of receipts: what is hashed, how one receipt holds the next, and what a broken chain looks like.

A receipt's hash is sha256(previous hash + sha256(body)), both as lower-case hexadecimal text; the first one's
previous is 64 zeros. The body is JSON in UTF-8 with sorted keys and no spaces, and names its own line, number and
time, so nothing of a receipt can be changed, moved or left out without a hash that no longer fits. Everything here
is plain Python: `python -m inspection.rules.receipts FILE` checks a saved receipt with nothing else installed.
"""

import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

GENESIS = "0" * 64
NAMED_IN_BODY = ("line", "n", "kind", "subject", "sealed_at")


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """One receipt as it is stored: the columns beside its body, and the hashes."""

    line: str
    n: int
    kind: str
    subject: str
    sealed_at: str
    body: str
    previous: str
    hash: str


@dataclass(frozen=True)
class Fault:
    """The first bad row of a chain, and what is wrong with it."""

    n: int
    says: str


def canonical(facts: Mapping[str, Any]) -> str:
    """Return the one text that stands for the facts.

    >>> canonical({"b": 0.05, "a": "긁힘"})
    '{"a":"긁힘","b":0.05}'
    """
    return json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


def link(previous: str, body_hash: str) -> str:
    """Return the hash that holds a body to the receipt before it.

    >>> link(GENESIS, digest("{}"))[:16]
    '09ad20dc4e5df156'
    """
    return hashlib.sha256(f"{previous}{body_hash}".encode()).hexdigest()


def seal(facts: Mapping[str, Any], *, previous: str, **named: str | int) -> Sealed:
    """Return the receipt that follows `previous`; `named` are line, n, kind, subject and sealed_at."""
    body = canonical({**named, "facts": facts})
    return Sealed(body=body, previous=previous, hash=link(previous, digest(body)), **named)  # type: ignore[arg-type]


def faults(chain: Iterable[Sealed]) -> Iterator[Fault]:
    """Yield what is wrong with a line's receipts, given in the order of their numbers from the first on.

    After a gap the next receipt is taken as it stands, so that one deletion is told once.
    """
    previous, expected = GENESIS, 1
    for receipt in chain:
        if receipt.n != expected:
            yield Fault(expected, "is missing")
        elif receipt.previous != previous:
            yield Fault(receipt.n, "does not follow the receipt before it")
        yield from own_faults(receipt)
        previous, expected = receipt.hash, receipt.n + 1


def own_faults(receipt: Sealed) -> Iterator[Fault]:
    """Yield what is wrong with one receipt by itself."""
    if link(receipt.previous, digest(receipt.body)) != receipt.hash:
        yield Fault(receipt.n, "does not give its own hash: its contents were changed")
    elif [str(value) for value in _named(receipt.body)] != [str(getattr(receipt, name)) for name in NAMED_IN_BODY]:
        yield Fault(receipt.n, "is not the receipt its contents say")


def document(receipt: Sealed, following: Sequence[Sealed] = ()) -> dict[str, Any]:
    """Return what is saved and checked elsewhere: the receipt, and the body hashes of those after it.

    With them anybody can walk from this receipt to a later hash of the line that was exported or printed.
    """
    return {
        "receipt": json.loads(receipt.body),
        "previous": receipt.previous,
        "hash": receipt.hash,
        "following": [digest(later.body) for later in following],
        "head": following[-1].hash if following else receipt.hash,
    }


def document_fault(saved: Mapping[str, Any]) -> str:
    """Say what is wrong with a saved receipt, empty when it holds."""
    sealed = link(saved["previous"], digest(canonical(saved["receipt"])))
    if sealed != saved["hash"]:
        return "The contents do not give the receipt's hash."
    for body_hash in saved["following"]:
        sealed = link(sealed, body_hash)
    return "" if sealed == saved["head"] else "The receipts after it do not lead to the head."


def _named(body: str) -> list[Any]:
    try:
        facts = json.loads(body)
    except ValueError:
        return []
    return [facts.get(name) for name in NAMED_IN_BODY] if isinstance(facts, dict) else []


def main(path: str) -> int:
    """Check a saved receipt without a server, print the answer, return the exit status."""
    saved = json.loads(Path(path).read_text(encoding="utf-8"))
    fault = document_fault(saved)
    named = saved["receipt"]
    answer = fault or f"Receipt {named['n']} of {named['line']} holds. Its line's head: {saved['head']}"
    sys.stdout.write(f"{answer}\n")
    return 1 if fault else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
