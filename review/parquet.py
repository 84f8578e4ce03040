"""Rows of an export as a Parquet file, written a group of rows at a time. Needs requirements-parquet.txt."""

import importlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from review.export_texts import RECORD

GROUP = 1_000
"""Rows that are held at once, and that a reader reads at once."""

_TIMES = ("opened_at", "captured_at")
_INSTALL = "Parquet needs a package that is not installed; install it with: pip install -r requirements-parquet.txt"


class ParquetMissing(RuntimeError):
    """The optional package is not there; the message says how to get it."""


def check() -> None:
    """Raise ParquetMissing unless Parquet can be written here."""
    _packages()


def write(path: Path, records: Iterator[Mapping[str, Any]]) -> None:
    """Write the records of `export_texts` to a file with a type for each column."""
    arrow, parquet = _packages()
    schema = _schema(arrow)
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        while group := [_typed(one) for one in islice(records, GROUP)]:
            writer.write_table(arrow.Table.from_pylist(group, schema=schema))


def _packages() -> tuple[Any, Any]:
    try:
        return importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise ParquetMissing(_INSTALL) from error


def _schema(arrow: Any) -> Any:
    text, whole, share, yes = arrow.string(), arrow.int64(), arrow.float64(), arrow.bool_()
    moment = arrow.timestamp("us", tz="UTC")
    mark = arrow.struct([(name, share) for name in ("x", "y", "w", "h")])
    types = {
        **dict.fromkeys(_TIMES, moment),
        **dict.fromkeys(("run", "width", "height", "size_bytes"), whole),
        **dict.fromkeys(("blind", "truth_draw"), yes),
        "probability": share,
        "regions": arrow.list_(mark),
    }
    return arrow.schema([(name, types.get(name, text)) for name in RECORD])


def _typed(record: Mapping[str, Any]) -> dict[str, Any]:
    return {**record, **{name: datetime.fromisoformat(record[name]) for name in _TIMES}}
