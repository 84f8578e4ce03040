"""Each scripted check of `make ui` finds what it is for, and nothing on a page that is in order."""

import pytest

from tools import ui_checks

CHART = """<section><figure><svg class="chart" role="img" aria-label="share" width="200" height="100"
 style="background:{ground}">
<polyline class="series" fill="none" stroke="{ink}" stroke-width="3" points="0,90 100,50 200,10"></polyline>{more}</svg>
<details class="twin"><table><tbody><tr><th>1</th><td>10 %</td></tr><tr><th>2</th><td>{middle} %</td></tr>
<tr><th>3</th><td>30 %</td></tr></tbody></table></details></figure></section>"""
SECOND = '<polyline fill="none" stroke="#a33" stroke-width="{width}" points="0,90 200,90"></polyline>'


def chart(*, ground="#fff", ink="#222", middle="20", more=""):
    return CHART.format(ground=ground, ink=ink, middle=middle, more=more)


RING = "<style>:focus { outline: 2px solid #000 }</style>"
SOUND = {
    "zoom at 200 %": "<p>word</p>",
    "computed contrast": chart()
    + '<button disabled aria-describedby="why">Sign</button><p id="why">One gate is shut</p>',
    "colour alone": chart(more=SECOND.format(width=1)) + '<span class="chip">held</span>',
    "charts and their tables": chart(),
    "paste": '<input type="password">',
    "errors": '<input aria-invalid="true" aria-describedby="why"><p id="why">Name is missing.</p>',
    "keyboard": RING + '<a href="#">one</a> <a href="#two">two</a>',
    "languages of parts": '<p lang="ko">긁힘</p><p>scratch</p>',
    "longer words": "<p>scratch on glass</p>",
}
BROKEN = [
    ("zoom at 200 %", '<div style="width: 900px">wide</div>'),
    (
        "computed contrast",
        '<button disabled aria-describedby="why">Sign</button><p id="why" style="color:#999">Shut</p>',
    ),
    ("computed contrast", chart(ink="#ddd")),
    ("colour alone", chart(more=SECOND.format(width=3))),
    ("colour alone", chart(ground="#ff0000", ink="#4c8400")),
    ("colour alone", '<span class="chip" style="background:red"></span>'),
    ("charts and their tables", chart(middle="24")),
    ("charts and their tables", chart().replace("<tr><th>1</th><td>10 %</td></tr>", "")),
    ("charts and their tables", chart().replace("tbody", "thead")),
    ("paste", '<input type="password" id="shut">'),
    ("errors", '<input aria-invalid="true" aria-describedby="why"><p id="why"></p>'),
    ("errors", '<input aria-invalid="true">'),
    ("keyboard", RING + '<a href="#" style="position:fixed;top:-90px">off</a>'),
    ("keyboard", RING + '<a href="#" onblur="this.focus()">trap</a> <a href="#">two</a>'),
    ("languages of parts", "<p>긁힘</p>"),
    ("longer words", '<p style="width:120px;overflow:hidden;white-space:nowrap">scratch on glass</p>'),
]


@pytest.fixture
def shown(chromium):
    page = chromium.new_page(viewport=ui_checks.DESK)

    def written(body):
        page.set_content(f'<!doctype html><html lang="en"><body><aside>{body}</aside></body></html>')
        page.evaluate("document.getElementById('shut')?.addEventListener('paste', (event) => event.preventDefault())")
        return page

    yield written
    page.close()


def test_a_page_in_order_has_no_fault(shown):
    assert {name: list(ui_checks.CHECKS[name](shown(body))) for name, body in SOUND.items()} == {
        name: [] for name in SOUND
    }


def test_what_is_wrong_is_found_by_its_check(shown):
    assert [(name, body) for name, body in BROKEN if not list(ui_checks.CHECKS[name](shown(body)))] == []
