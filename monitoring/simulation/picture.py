"""The picture of a run: level, evidence and automated share over the parts, with what happened. Plain SVG."""

from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from inspection.rules.words import Level
from monitoring.simulation.runs import Told
from monitoring.simulation.witness import Sample

WIDTH, LEFT, RIGHT = 960, 120, 20
BAND, GAP, TOP = 120, 40, 50
HEIGHT = TOP + 3 * (BAND + GAP) + 10
EVIDENCE_MAX = 1.5
_STYLE = (
    "text{font:14px sans-serif;fill:#1f2933}.faint{fill:#52606d}.axis{stroke:#9aa5b1}.limit{stroke:#9aa5b1;"
    "stroke-dasharray:4 4}.line{fill:none;stroke:#0b6e99;stroke-width:2}.event{stroke:#b42318;stroke-width:1.5}"
    ".ground{fill:#ffffff}"
    "@media(prefers-color-scheme:dark){text{fill:#e4e7eb}.faint{fill:#9aa5b1}.line{stroke:#56b4e9}.ground{fill:#111820}}"
)


def draw(told: Told, path: Path) -> None:
    """Write the picture of a run to a file."""
    path.write_text(svg(told), encoding="utf-8")


def svg(told: Told) -> str:
    """Return the picture of a run."""
    report, samples = told.report, told.witness.samples
    rungs = len(Level) - 1
    bands = [
        _band(0, "level", [(item, level.rung / rungs) for item, level in _levels(report)], report, stepped=True),
        _band(1, "evidence", [(s.item, _clipped(s) / EVIDENCE_MAX) for s in samples], report, limit=1 / EVIDENCE_MAX),
        _band(2, "automated", [(s.item, s.automated) for s in samples], report),
    ]
    title = f"{report['scenario']}, seed {report['seed']}: {report['items']} parts"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
        f"<title>{escape(title)}</title>"
        f'<style>{_STYLE}</style><rect class="ground" width="{WIDTH}" height="{HEIGHT}"/>'
        f'<text x="{LEFT}" y="26">{escape(title)}</text>{"".join(bands)}{_events(report)}</svg>\n'
    )


def _levels(report: dict[str, Any]) -> list[tuple[int, Level]]:
    """Return the level from each item on, the last one to the end."""
    moves = [(move["item"], Level(move["to"])) for move in report["timeline"]]
    steps = [(0, Level(report["from_level"])), *moves]
    return [*steps, (report["items"], steps[-1][1])]


def _clipped(sample: Sample) -> float:
    return max(0.0, min(EVIDENCE_MAX, sample.evidence))


def _band(
    place: int,
    name: str,
    points: list[tuple[int, float]],
    report: dict[str, Any],
    *,
    limit: float | None = None,
    stepped: bool = False,
) -> str:
    bottom = TOP + place * (BAND + GAP) + BAND
    placed = [(_x(item, report), bottom - BAND * share) for item, share in points]
    if stepped:
        placed = [
            corner for n, (x, y) in enumerate(placed) for corner in ([(x, placed[n - 1][1])] if n else []) + [(x, y)]
        ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
    dashes = "" if limit is None else _rule(bottom - BAND * limit, "limit")
    return (
        f'<text x="8" y="{bottom - BAND / 2:.0f}">{name}</text>{_rule(bottom, "axis")}{dashes}'
        f'<polyline class="line" points="{path}"/>'
    )


def _rule(y: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'


def _events(report: dict[str, Any]) -> str:
    """Mark the moves and the event across all three bands."""
    marks = [(move["item"], move["to"], "axis") for move in report["timeline"]]
    if report["event_item"] is not None:
        marks.append((report["event_item"], "event", "event"))
    bottom = TOP + 3 * (BAND + GAP) - GAP
    return "".join(
        f'<line class="{kind}" x1="{_x(item, report):.1f}" x2="{_x(item, report):.1f}" y1="{TOP}" y2="{bottom}"/>'
        f'<text class="faint" x="{_x(item, report) + 4:.1f}" y="{TOP - 6}">{escape(label)} {item}</text>'
        for item, label, kind in marks
    )


def _x(item: int, report: dict[str, Any]) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * item / max(1, report["items"])
