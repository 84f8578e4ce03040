"""What every page's frame needs. Nothing is asked of the database until a template shows it."""

from collections.abc import Container, Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from config.accounts import seconds_left, theme_of
from inspection import changeovers
from inspection.models import Hold, LevelProposal, Line, PlannedChange
from inspection.permissions import lines_for, may_enter_admin, may_found_lines, may_lower, roles_held
from inspection.rules.words import Level, ProposalStatus, Role
from monitoring import boards, health
from monitoring.rules.alarms import State
from review import adjudications
from review import boards as line_boards
from review.rules.blindness import tells_level

ROLE_WORDS = {
    Role.ADMINISTRATOR: _("administrator"),
    Role.QA_LEAD: _("QA lead"),
    Role.INSPECTOR: _("inspector"),
}
# A group is what somebody comes for; the first page of all is where a line's name leads.
LINE_PAGES = [
    (
        _("Watch"),
        [
            ("monitor", "pulse", _("Monitor")),
            ("metrics", "chart", _("Metrics")),
            ("drift", "sun", _("Drift")),
            ("stations", "scan", _("Stations")),
            ("simulated", "lamp", _("Simulated line")),
        ],
    ),
    (
        _("Trust"),
        [
            ("agreement", "chart", _("Agreement")),
            ("automation", "stairs", _("Automation")),
            ("rollouts", "arrow", _("Models and rollouts")),
            ("training", "reset", _("Training")),
            ("bands", "half", _("Certified bands")),
            ("bank", "shield", _("Defect bank")),
            ("plan", "plan", _("Plan and risks")),
            ("savings", "coin", _("Savings")),
        ],
    ),
    (
        _("People"),
        [
            ("adjudications", "scales", _("Adjudicate")),
            ("inspectors", "eye", _("Inspectors")),
            ("loop", "image", _("Review loop")),
            ("gauge", "scales", _("Gauge study")),
            ("challenges", "scan", _("Challenge parts")),
        ],
    ),
    (
        _("Parts and records"),
        [
            ("containment", "shield", _("Containment")),
            ("findings", "scan", _("Found later")),
            ("receipts", "list", _("Receipts")),
            ("data", "image", _("Data")),
            ("golden", "golden", _("Golden images")),
            ("changeover", "arrow", _("Changeover")),
            ("log", "clock", _("Audit log")),
        ],
    ),
]
# What stands for each group where the sidebar has no room for words.
GROUP_ICONS = ("pulse", "chart", "user", "list")
# Pages that only demo lines have.
OF_DEMO = {"simulated"}
# Pages that refuse administrators: nobody rules on a case without being a QA lead.
OF_LEADS = {"adjudications"}


@dataclass(frozen=True)
class LineEntry:
    """One line of the sidebar. `level` is empty where the person must not know it (ruling of blindness).

    `waits_for_me`: a step of the ladder, or the way back from STOP, waits for the signature of this lead.
    """

    slug: str
    level: str
    on_hold: bool
    waits_for_me: bool
    address: str
    is_demo: bool = False


@dataclass(frozen=True)
class PageEntry:
    name: str
    icon: str
    word: str
    address: str


@dataclass(frozen=True)
class PageGroup:
    """`is_open` where the page that is shown belongs to it: the others fold, so that all words fit one screen."""

    word: str
    icon: str
    is_open: bool
    pages: list[PageEntry]


def shell(request: HttpRequest) -> dict[str, object]:
    match = request.resolver_match
    slug = match.kwargs.get("slug", "") if match else ""
    page = page_of(match.url_name or "") if match else ""
    # Asked once for all that hangs on it.
    held = SimpleLazyObject(lambda: roles_held(request.user))
    lines = SimpleLazyObject(lambda: line_entries(request.user, slug, page))
    return {
        "demo": SimpleLazyObject(lambda: settings.DEMO and any(line.is_demo for line in lines)),
        "theme": theme_of(request),
        "session_left": seconds_left(request),
        # What a page's own script asks for anew needs no frame.
        "shell_frame": "bare.html" if "X-Background" in request.headers else "base.html",
        "system": SimpleLazyObject(lambda: health.pulse(now=now())),
        "shell_slug": slug,
        "shell_page": page,
        "shell_lines": lines,
        "shell_groups": SimpleLazyObject(lambda: page_groups(held, slug, page)),
        "shell_founds": SimpleLazyObject(lambda: may_found_lines(request.user)),
        "shell_admin": SimpleLazyObject(lambda: may_enter_admin(request.user)),
        "shell_keeps_people": SimpleLazyObject(lambda: any(role == Role.ADMINISTRATOR for _, role in held)),
        "shell_due": SimpleLazyObject(
            lambda: changes_due({role for place, role in held if place in (None, slug)}, slug)
        ),
        "shell_stop": SimpleLazyObject(lambda: stop_of(request.user, slug)),
        "shell_cases": SimpleLazyObject(lambda: cases_waiting(request.user, slug)),
        "shell_alarms": SimpleLazyObject(lambda: alarms_waiting(request.user)),
        "shell_role": SimpleLazyObject(lambda: role_word({role for _, role in held})),
    }


def page_of(name: str) -> str:
    """The page of the sidebar to which an address belongs: the steps of the wizard are one page."""
    if name == "channels":
        return "alarms"
    if name in {"metric", "line-images"}:
        return "metrics"
    if name == "inspector":
        return "inspectors"
    if name == "person":
        return "people"
    if name.startswith("station-"):
        return "stations"
    first = name.partition("-")[0]
    if first in {"scope", "risk", "metric"}:
        return "plan"
    return first if first in {"changeover", "data", "golden", "training"} else name


def level_shown(line: Line, leads: bool) -> str:
    """The level a person may know: inspectors are told none while the model is to stay unnoticed."""
    role = Role.QA_LEAD if leads else Role.INSPECTOR
    return line.level if tells_level(Level(line.level), [role]) else ""


def line_entries(user, slug: str = "", page: str = "") -> list[LineEntry]:
    """The lines of a person, with where each name leads from this page of the line `slug`."""
    leads = set(lines_for(user, Role.QA_LEAD, Role.ADMINISTRATOR).values_list("pk", flat=True))
    open_hold = Hold.objects.in_force().filter(line=OuterRef("pk"))
    proposed = LevelProposal.objects.filter(line=OuterRef("pk"), status=ProposalStatus.OPEN.value)
    unsigned = proposed.filter(Q(proposer=None) | ~Q(proposer=user.pk), line__in=lines_for(user, Role.QA_LEAD))
    lines = lines_for(user).annotate(on_hold=Exists(open_hold), waits_for_me=Exists(unsigned)).order_by("slug")
    return [
        LineEntry(
            line.slug,
            level_shown(line, line.pk in leads),
            line.on_hold,
            line.waits_for_me,
            line_address(line, line.pk in leads, page if line.slug != slug else ""),
            line.is_demo,
        )
        for line in lines
    ]


def line_address(line: Line, leads: bool, page: str = "") -> str:
    """Where a line's name in the sidebar leads: for inspectors the review loop, for leads the page on which they are.

    That is the line's first page where they are on none that every line has.
    """
    names = [name for _, pages in LINE_PAGES for name, _, _ in pages] if leads else []
    if page in names and page not in OF_DEMO | OF_LEADS:
        names = [page, *names]
    for name in [*names, "review"]:
        address = address_of(name, line.slug)
        if address:
            return address
    return reverse("queue-choice")


def page_groups(held: Iterable[tuple[str | None, Role]], slug: str, page: str) -> list[PageGroup]:
    """The pages of the chosen line that exist, under the words by which people look for them."""
    if not slug:
        return []
    hidden = _hidden({role for place, role in held if place in (None, slug)}, slug)
    groups = []
    for icon, (word, pages) in zip(GROUP_ICONS, LINE_PAGES, strict=True):
        shown = [entry for entry in pages if entry[0] not in hidden]
        groups.append(PageGroup(str(word), icon, page in {name for name, *_ in shown}, _entries(slug, shown)))
    return groups


def _hidden(roles: Container[Role], slug: str) -> set[str]:
    """Return the pages that this person would be refused, or that this line does not have."""
    has_demo = settings.DEMO and Line.objects.filter(slug=slug, is_demo=True).exists()
    return (set() if has_demo else OF_DEMO) | (set() if Role.QA_LEAD in roles else OF_LEADS)


def _entries(slug: str, pages) -> list[PageEntry]:
    entries = [PageEntry(name, icon, str(word), address_of(name, slug)) for name, icon, word in pages]
    return [entry for entry in entries if entry.address]


def cases_waiting(user, slug: str) -> int:
    """How many disagreements of the chosen line wait for this person's ruling."""
    return adjudications.waiting_for(user, lines=lines_for(user, Role.QA_LEAD).filter(slug=slug)).count()


def alarms_waiting(user) -> int:
    """How many alarms that this person answers for nobody has acknowledged."""
    return boards.alarms_for(user).filter(state=State.UNACKNOWLEDGED.value).count()


def changes_due(roles: Container[Role], slug: str) -> list[PlannedChange]:
    """What was planned for the chosen line and is due; its leads and administrators are reminded on every page."""
    if Role.QA_LEAD not in roles and Role.ADMINISTRATOR not in roles:
        return []
    line = Line.objects.filter(slug=slug).first()
    return changeovers.due(line, now=now()) if line else []


def stop_of(user, slug: str) -> line_boards.Stop | None:
    """STOP of the chosen line; None where no line is chosen."""
    line = lines_for(user).filter(slug=slug).first()
    return line_boards.stop_of(line, may_lower=may_lower(user, line)) if line else None


def address_of(name: str, slug: str) -> str:
    try:
        return reverse(name, kwargs={"slug": slug})
    except NoReverseMatch:
        return ""


def role_word(roles: Container[Role]) -> str:
    """The person's highest role, in words."""
    return next((str(word) for role, word in ROLE_WORDS.items() if role in roles), "")
