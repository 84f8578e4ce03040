"""The shape of what is asked of the training loop, its words, and how a refusal is said."""

from collections.abc import Callable, Mapping

from django import forms
from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inspection.models import Line
from review import retraining, snapshots, trainings
from review.rules.manifests import LeftOut
from review.rules.slices import Cut
from review.rules.tokens import LENGTH_MAX
from review.rules.trainings import Cause, Split, State
from review.training_models import Snapshot
from vision.architectures import ARCHITECTURES

SNAPSHOTS_OFFERED = 20
DAYS_MAX = 365

LEFT_OUT: dict[LeftOut, Promise] = {
    LeftOut.BANK: gettext_lazy("in the defect bank: it measures models"),
    LeftOut.GOLD: gettext_lazy("shown as gold item: it measures people"),
    LeftOut.CHALLENGE: gettext_lazy("challenge part: it measures the line"),
    LeftOut.TRUTH_DRAW: gettext_lazy("truth draw: the sealed archive measures models"),
    LeftOut.ONE_VOICE: gettext_lazy("one person's word alone"),
    LeftOut.UNDECIDED: gettext_lazy("ruled as cannot judge"),
    LeftOut.COPY: gettext_lazy("the same picture is in it already"),
    LeftOut.OVER_CAP: gettext_lazy("over a quarter from one person"),
}
STATES: dict[State, tuple[Promise, str, str]] = {
    State.WAITING: (gettext_lazy("waits for the worker"), "clock", ""),
    State.RUNNING: (gettext_lazy("learning"), "half", ""),
    State.DONE: (gettext_lazy("done"), "ring-tick", ""),
    State.FAILED: (gettext_lazy("failed"), "triangle", "crit"),
    State.CANCELLED: (gettext_lazy("cancelled"), "cross", ""),
}
STAGES: dict[str, Promise] = {
    "": gettext_lazy("starting"),
    "read": gettext_lazy("reading images"),
    "steps": gettext_lazy("steps of this epoch"),
    "train": gettext_lazy("epochs"),
    "features": gettext_lazy("features of images"),
}
CAUSES: dict[Cause, Promise] = {
    Cause.PERSON: gettext_lazy("asked for"),
    Cause.TIME: gettext_lazy("by the clock"),
    Cause.DRIFT: gettext_lazy("after drift"),
}
SPLITS: dict[Split, Promise] = {
    Split.TRAIN: gettext_lazy("learned from"),
    Split.VAL: gettext_lazy("calibrated on"),
    Split.TEST: gettext_lazy("judged on"),
}
CUTS: dict[Cut, Promise] = {
    Cut.ALL: gettext_lazy("all images"),
    Cut.CLASS: gettext_lazy("class"),
    Cut.STATION: gettext_lazy("station"),
    Cut.SHIFT: gettext_lazy("shift"),
    Cut.LIGHT: gettext_lazy("light"),
}
LIGHTS: dict[str, Promise] = {
    "dark": gettext_lazy("darkest third"),
    "middle": gettext_lazy("middle third"),
    "bright": gettext_lazy("brightest third"),
}
ARCHITECTURE_WORDS: dict[str, Promise] = {
    "small-cnn": gettext_lazy("small network from scratch"),
    "lite0-probe": gettext_lazy("frozen EfficientNet-Lite0, new head"),
    "lite0-tuned": gettext_lazy("EfficientNet-Lite0, last block learned too"),
    "patch-memory": gettext_lazy("memory of good parts (no defects needed)"),
}
REFUSALS: dict[type[Exception], Callable[[], str]] = {
    snapshots.NothingToLearn: lambda: _("Nothing of this may be learned from."),
    trainings.UnknownArchitecture: lambda: _("There is no such architecture."),
    trainings.WithoutTorch: lambda: _(
        "Training needs torch. Install it on the server: pip install -r requirements.txt"
    ),
    trainings.AlreadyAsked: lambda: _("A training of this line waits or runs already."),
    trainings.SealedSince: lambda: _("Images of this snapshot were sealed since. Take a new one."),
    trainings.IsOver: lambda: _("This training has ended."),
    retraining.NoOccasion: lambda: _("Name a number of days, or drift."),
}


def why_nothing(left_out: Mapping[LeftOut, int]) -> str:
    """Say every reason why labels were left out, with how many."""
    return ", ".join(f"{LEFT_OUT[LeftOut(reason)]} ({count:,})" for reason, count in left_out.items())


class SnapshotChoice(forms.ModelChoiceField):
    """A snapshot by its number and size."""

    def label_from_instance(self, obj: Snapshot) -> str:
        return _("%(name)s: %(images)s images, %(defects)s defects") % {
            "name": obj,
            "images": f"{obj.images:,}",
            "defects": f"{obj.defects:,}",
        }


class TakeForm(forms.Form):
    """Which labels a snapshot shall hold, as a search of the data page."""

    query = forms.CharField(label=gettext_lazy("Search, empty for every label"), max_length=LENGTH_MAX, required=False)


class _Recipe(forms.Form):
    """How a model shall be made."""

    architecture = forms.ChoiceField(label=gettext_lazy("Architecture"))
    minutes = forms.IntegerField(
        label=gettext_lazy("Minutes of learning, at most"),
        min_value=1,
        max_value=trainings.MINUTES_MAX,
        initial=trainings.MINUTES,
    )

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        field = self.fields["architecture"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(name, ARCHITECTURE_WORDS.get(name, name)) for name in ARCHITECTURES]


class StartForm(_Recipe):
    """A training: from which snapshot, and how."""

    snapshot = SnapshotChoice(label=gettext_lazy("Snapshot"), queryset=Snapshot.objects.none())
    field_order = ("snapshot", "architecture", "minutes")

    def __init__(self, *args: object, line: Line, **options: object) -> None:
        super().__init__(*args, **options)
        field = self.fields["snapshot"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = offered(line)


class RuleForm(_Recipe):
    """When a line trains by itself."""

    is_on = forms.BooleanField(label=gettext_lazy("This line trains by itself"), required=False)
    every_days = forms.IntegerField(
        label=gettext_lazy("Every so many days"), min_value=1, max_value=DAYS_MAX, required=False
    )
    on_drift = forms.BooleanField(label=gettext_lazy("When its images drift"), required=False)


def offered(line: Line) -> QuerySet[Snapshot]:
    """Return the snapshots that a training may begin from, newest first."""
    newest = line.snapshots.order_by("-number").values_list("number", flat=True)[:SNAPSHOTS_OFFERED]
    return line.snapshots.filter(number__in=list(newest)).order_by("-number")
