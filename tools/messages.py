"""Gather every text of the product into locale/ko and compile it, without the gettext binaries.

python tools/messages.py          write locale/ko/LC_MESSAGES/django.po and .mo
python tools/messages.py --check  say which texts have no Korean yet, exit 1 if any
"""

import argparse
import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import django
import polib
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[1]
PO = ROOT / "locale" / "ko" / "LC_MESSAGES" / "django.po"
PACKAGES = ("config", "inspection", "review", "monitoring", "vision")
ONE = {"_", "gettext", "gettext_lazy", "gettext_noop"}
MANY = {"ngettext", "ngettext_lazy"}
QUOTED = r"""u?("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
IN_TEMPLATE = re.compile(
    rf"\b(?:_|gettext)\({QUOTED}\)|\bngettext\({QUOTED},\s*{QUOTED}|\bpgettext\({QUOTED},\s*{QUOTED}\)"
)


class Text(NamedTuple):
    """A message and where it stands; `plural` is empty for a plain one.

    A `context` keeps a word apart from the same word of a library, whose pages would otherwise say ours.
    """

    msgid: str
    plural: str
    place: str
    context: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return self.msgid, self.context


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--check", action="store_true", help="only say what has no Korean")
    check = arguments.parse_args().check
    settings.configure(USE_I18N=False)
    django.setup()
    catalogue = merged(polib.pofile(str(PO)) if PO.exists() else polib.POFile(), list(texts()))
    missing = catalogue.untranslated_entries() + catalogue.fuzzy_entries()
    for entry in missing:
        print(f"No Korean for {entry.msgid!r} ({entry.occurrences[0][0]}).")
    if not check:
        PO.parent.mkdir(parents=True, exist_ok=True)
        catalogue.save(str(PO))
        catalogue.save_as_mofile(str(PO.with_suffix(".mo")))
        print(f"{len(catalogue)} texts, {len(missing)} without Korean.")
    return 1 if check and missing else 0


def merged(catalogue: polib.POFile, found: list[Text]) -> polib.POFile:
    """Return the found texts with the translations they had; what is no longer said goes."""
    kept = polib.POFile(wrapwidth=110)
    kept.metadata = {
        "Language": "ko",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": "nplurals=1; plural=0;",
    }
    known = {(entry.msgid, entry.msgctxt or ""): entry for entry in catalogue}
    for key in sorted({text.key for text in found}):
        places = sorted({text.place for text in found if text.key == key})
        plural = next((text.plural for text in found if text.key == key and text.plural), "")
        kept.append(_entry(key, plural, places, known.get(key)))
    return kept


def texts() -> Iterator[Text]:
    """Yield every text of the packages' Python files and of the templates."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield from _python_texts(path)
    for folder in (ROOT / "templates", *(ROOT / package / "templates" for package in PACKAGES)):
        for path in sorted([*folder.rglob("*.html"), *folder.rglob("*.txt")]):
            yield from _template_texts(path)


def _entry(key: tuple[str, str], plural: str, places: list[str], old: polib.POEntry | None) -> polib.POEntry:
    msgid, context = key
    entry = polib.POEntry(msgid=msgid, msgctxt=context or None, occurrences=[(place, "") for place in places])
    if "%(" in msgid:
        entry.flags.append("python-format")
    korean = "" if old is None else old.msgstr or old.msgstr_plural.get(0, "")
    if plural:
        entry.msgid_plural = plural
        entry.msgstr_plural = {0: korean}
    else:
        entry.msgstr = korean
    return entry


def _python_texts(path: Path) -> Iterator[Text]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ONE | MANY:
            said = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
            if said:
                plural = said[1] if node.func.id in MANY and len(said) > 1 else ""
                yield Text(said[0], plural, str(path.relative_to(ROOT)))


def _template_texts(path: Path) -> Iterator[Text]:

    for match in IN_TEMPLATE.finditer(templatize(path.read_text(encoding="utf-8"))):
        one, singular, plural, context, told_apart = (ast.literal_eval(said or "''") for said in match.groups())
        yield Text(one or singular or told_apart, plural, str(path.relative_to(ROOT)), context)


if __name__ == "__main__":
    sys.exit(main())
