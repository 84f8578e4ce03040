"""The form of a model that a person uploads."""

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from inspection.uploads import CLASSES_PATTERN
from vision.architectures import ARCHITECTURES
from vision.scoring import UNCALIBRATED


class ModelForm(forms.Form):
    """A file of weights with what it is said to be: fields of `inspection.uploads.Upload`."""

    file = forms.FileField(label=_("Weights"), help_text=_("safetensors in float32, up to 64 MB"))
    architecture = forms.ChoiceField(label=_("Architecture"), choices=[(name, name) for name in ARCHITECTURES])
    name = forms.SlugField(
        label=_("Name"), max_length=60, help_text=_("a name that exists already gets its next version")
    )
    classes = forms.CharField(
        label=_("Classes of defects"),
        max_length=4200,
        validators=[RegexValidator(CLASSES_PATTERN, _("Write the codes with commas between, such as scratch, crack."))],
        help_text=_("codes with commas between, in the order of the network's outputs behind pass"),
    )
    calibrator_a = forms.FloatField(label=_("Calibrator a"), initial=UNCALIBRATED["a"])
    calibrator_b = forms.FloatField(
        label=_("Calibrator b"),
        initial=UNCALIBRATED["b"],
        help_text=_("probability = 1 / (1 + exp(a · score + b)); -1 and 0: not calibrated"),
    )
    made_from = forms.CharField(label=_("Made from"), max_length=300, required=False)
    sha256 = forms.RegexField(
        r"^[0-9a-f]{64}\Z",
        label=_("sha256 of the file"),
        required=False,
        help_text=_("if given, another file is refused"),
    )
