"""The agreement report as a page and on paper."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.views.decorators.http import require_GET

from inspection.models import Line
from inspection.rules.words import AssistStyle
from review import agreement_boards, agreement_papers, changes, downloads, reliances, reports
from review.forms import ReportForm
from review.permissions import line_for_leads


@login_required
@require_GET
def agreement_page(request: HttpRequest, slug: str) -> HttpResponse:
    """What a lead reads: the answer in one sentence, then the figures behind it."""
    line = line_for_leads(request.user, slug)
    form = ReportForm(request.GET or None, line=line)
    report = _report(line, form)
    context = {
        "line": line,
        "form": form,
        "query": request.GET.urlencode(),
        "report": report,
        "counts_control_alone": line.assist_style == AssistStyle.ALONGSIDE,
        "reliance": reliances.of(report.epoch),
        "class_names": line.class_names(),
        **agreement_boards.page(report, changes.within(report.epoch, until=now())),
    }
    return render(request, "review/agreement.html", context)


@login_required
@require_GET
def agreement_paper(request: HttpRequest, slug: str) -> HttpResponse:
    """The same report on paper, in the reader's language, with the hash of its figures at the foot."""
    line = line_for_leads(request.user, slug)
    report = _report(line, ReportForm(request.GET or None, line=line))
    response = HttpResponse(agreement_papers.printed(report, now=now()), content_type="application/pdf")
    response["Content-Disposition"] = downloads.note(request, line, f"agreement-{line.slug}-{report.epoch.n}.pdf")
    return response


def _report(line: Line, form: ReportForm) -> reports.Report:
    """Return the report the form asks for; a form that is not whole asks for all of the present epoch."""
    asked = form.cleaned_data if form.is_bound and form.is_valid() else {}
    epoch = asked.get("epoch") or line.present_epoch
    return reports.agreement(line, epoch, now=now(), since=asked.get("since"), until=asked.get("until"))
