"""Readings as tasks of Label Studio: what people said as annotations, what the model said as predictions. No files."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import quoteattr

from inspection.rules.words import Label
from review.rules.exporting import file_name, verdict_of

# A folder that Label Studio serves by itself (LOCAL_FILES_DOCUMENT_ROOT) answers under this address.
SERVED = "/data/local-files/?d="
POINT_WIDTH = 0.5

Row = Mapping[str, Any]


def task(row: Row, *, model: str) -> dict[str, Any]:
    """Return one image with its verdict of record, the marks on it and the call of the model, if there was one."""
    label, defect_class = verdict_of(row)
    said = list(_choices(label, defect_class))
    if label == Label.DEFECT.value:
        said += [_mark(n, mark, defect_class, row) for n, mark in enumerate(row["regions"], 1)]
    named = {name: row[name] for name in ("serial", "run", "view", "station", "opened_at", "inspector")}
    predictions = []
    if row["model_call"]:
        called = list(_choices(row["model_call"], row["model_class"]))
        predictions = [{"model_version": model, "score": row["probability"], "result": called}]
    return {
        "data": {"image": f"{SERVED}{file_name(row)}", "item": row["item"], **named},
        "annotations": [{"result": said, "ground_truth": bool(row["ruling"])}],
        "predictions": predictions,
    }


def config(classes: Sequence[tuple[str, str]]) -> str:
    """Return the labelling interface that the tasks name, with the classes of a line."""
    codes = [code for code, _ in classes]
    labels = "".join(f"<Label value={quoteattr(code)}/>" for code in codes)
    verdicts = "".join(f'<Choice value="{label.value}"/>' for label in Label)
    choices = "".join(f"<Choice value={quoteattr(code)}/>" for code in codes)
    return (
        '<View><Image name="image" value="$image"/>\n'
        f'<Choices name="verdict" toName="image">{verdicts}</Choices>\n'
        f'<Choices name="defect_class" toName="image">{choices}</Choices>\n'
        f'<RectangleLabels name="boxes" toName="image">{labels}</RectangleLabels>\n'
        f'<KeyPointLabels name="points" toName="image">{labels}</KeyPointLabels></View>\n'
    )


def _choices(label: str, defect_class: str) -> Iterator[dict[str, Any]]:
    for name, value in (("verdict", label), ("defect_class", defect_class)):
        if value:
            yield {"from_name": name, "to_name": "image", "type": "choices", "value": {"choices": [value]}}


def _mark(n: int, mark: Mapping[str, float], defect_class: str, row: Row) -> dict[str, Any]:
    """Return a box or a point in percent of the picture, as Label Studio counts."""
    kind, name = ("rectanglelabels", "boxes") if "w" in mark else ("keypointlabels", "points")
    width, height = row["width"], row["height"]
    value = {"x": 100 * mark["x"] / width, "y": 100 * mark["y"] / height, kind: [defect_class]}
    if "w" in mark:
        value |= {"width": 100 * mark["w"] / width, "height": 100 * mark["h"] / height, "rotation": 0}
    else:
        value |= {"width": POINT_WIDTH}
    return {
        "id": f"mark-{n}",
        "from_name": name,
        "to_name": "image",
        "type": kind,
        "original_width": width,
        "original_height": height,
        "image_rotation": 0,
        "value": value,
    }
