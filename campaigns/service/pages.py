"""This file is the service's pages: the list of campaigns, and one campaign live, made of the report's own sections."""

import hashlib
import time
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, PlainTextResponse
from starlette.responses import Response

from eutectic.campaigns.analysis.labels import label, number
from eutectic.campaigns.analysis.pareto import front
from eutectic.campaigns.analysis.status import counts, standing
from eutectic.campaigns.errors import CampaignFolderError
from eutectic.campaigns.hand.sheet import measured_names
from eutectic.campaigns.record.fold import FOLDS, STEPS
from eutectic.campaigns.record.journal import Journal
from eutectic.campaigns.record.outcomes import Ledger, Outcome
from eutectic.campaigns.report.decisions import decisions, failures
from eutectic.campaigns.report.markup import Html, Text, badge, candidate, paragraph, safe, section, table
from eutectic.campaigns.report.overview import head, hypervolume, pareto_front, problem
from eutectic.campaigns.report.page import STYLE
from eutectic.campaigns.report.remarks import remarks
from eutectic.campaigns.report.search import credit, stages
from eutectic.campaigns.service.access import Access
from eutectic.campaigns.service.processes import computed
from eutectic.campaigns.service.state import Asker, Here, Named, Service
from eutectic.campaigns.tracking.position import Positions

router = APIRouter(include_in_schema=False)
STATIC = Path(__file__).parent / "static"
SHOWN = 100
"""Candidates of the list of what waits, at most."""
NEVER_CHANGES = "max-age=86400"
"""Of plotly.js: for a day."""
SECTIONS: Mapping[str, Callable[[Ledger], str]] = {
    "head": lambda ledger: head(ledger, front(ledger)),
    "open": lambda ledger: waiting(ledger),
    "front": lambda ledger: pareto_front(ledger, front(ledger)),
    "hypervolume": hypervolume,
    "failures": failures,
    "remarks": remarks,
    "decisions": decisions,
    "stages": stages,
    "credit": credit,
    "problem": problem,
}
"""The live page's sections, in order."""


@router.get("/")
def listed(request: Request, service: Here, access: Asker) -> HTMLResponse:
    """The list of campaigns."""
    root = request.scope.get("root_path", "")
    rows = [_row(service, name, root) for name in service.shelf.names() if access.sees(name)]
    empty = paragraph("No campaign is here yet: begin one with POST /v1/campaigns, or with `campaign run`.")
    columns = ["Campaign", "State", "Evaluations", "Hypervolume or best", "Process"]
    body = section("campaigns", "Campaigns", table(columns, rows) if rows else empty)
    top = "<header><p class='brand'>Eutectic</p><h1>Campaigns</h1></header>"
    return HTMLResponse(_page("Campaigns", top + body, root))


def _row(service: Service, name: str, root: str) -> list[Text]:
    link = Html(f'<a href="{root}/campaigns/{quote(name)}">{safe(name)}</a>')
    try:
        facts = standing(service.shelf.ledger(name), time.time())
    except CampaignFolderError as error:
        return [name, badge("failed"), "", str(error), ""]
    best = ", ".join(f"{label(goal)} {number(value)}" for goal, value, _ in facts.best)
    reached = number(facts.hypervolume) if facts.hypervolume is not None else best
    return [link, badge(facts.state), counts(facts), reached, service.processes.standing(name)]


@router.get("/campaigns/{name}")
def live(name: Named, request: Request, service: Here, access: Asker) -> HTMLResponse:
    """One campaign: its sections are fetched by the page's script, and again whenever something happens."""
    root = request.scope.get("root_path", "")
    home = service.shelf.home(name)
    with service.shelf.use(name) as held:
        properties = measured_names(held.campaign.problem)
    journal = Journal.open(home)
    seq, _ = journal.last()
    journal.close()
    api = f"{root}/v1/campaigns/{quote(name)}"
    forms = {"open": _forms(properties, home, access)}
    places = "".join(f'<div id="live-{key}"></div>{forms.get(key, "")}' for key in SECTIONS)
    data = {
        "api": api,
        "sections": f"{root}/campaigns/{quote(name)}/sections",
        "seq": str(seq),
        "kinds": " ".join(sorted({*FOLDS, *STEPS})),
    }
    links = (
        f'<a href="{root}/">All campaigns</a><a href="{api}/export?format=csv">CSV</a>'
        f'<a href="{api}/export?format=json">JSON</a><a href="{api}/report">Report</a>{_mlflow(home)}'
    )
    body = f'<nav aria-label="Campaign">{links}</nav>{places}'
    return HTMLResponse(_page(name, body, root, data))


def _mlflow(home: Path) -> str:
    """A link to MLflow where it is a server that a browser can reach."""
    uri = Positions.read(home).uri
    plain = uri.startswith(("http://", "https://")) and "@" not in uri
    return f'<a href="{safe(uri)}" rel="noreferrer">MLflow</a>' if plain else ""


@router.get("/campaigns/{name}/sections")
def sections(name: Named, service: Here) -> dict[str, dict[str, dict[str, str]]]:
    """Every section's HTML, with a tag that changes when it does."""
    ledger = service.shelf.ledger(name)
    made = {key: make(ledger) for key, make in SECTIONS.items()}
    return {"sections": {key: {"tag": _tag(html), "html": html} for key, html in made.items()}}


@router.get("/static/{file}")
def static(file: str) -> Response:
    """The pages' own script and style, and plotly.js as it is installed."""
    if file == "plotly.js":
        return FileResponse(plotly(), media_type="text/javascript", headers={"cache-control": NEVER_CHANGES})
    if file == "page.js":
        return FileResponse(STATIC / "page.js", media_type="text/javascript")
    if file == "page.css":
        return PlainTextResponse(STYLE + (STATIC / "page.css").read_text(encoding="utf-8"), media_type="text/css")
    return PlainTextResponse("no such file", 404)


def plotly() -> Path:
    """The file of plotly.js; nothing of plotly is imported for it but its place."""
    found = find_spec("plotly")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "package_data" / "plotly.min.js"


def waiting(ledger: Ledger) -> str:
    """What runs and what waits, and who has it."""
    open_ones = [o for o in ledger.outcomes if o.status in ("proposed", "running")]
    rows: list[list[Text]] = [
        [f"#{o.number}", candidate(o), badge(o.status), _holder(o), _buttons(o)] for o in open_ones[:SHOWN]
    ]
    columns = ["", "Candidate", "Status", "Held by", ""]
    more = f"{SHOWN} of {len(open_ones)}" if len(open_ones) > SHOWN else ""
    empty = paragraph("Nothing runs and nothing waits.", "note")
    return section("open", "Running and waiting", table(columns, rows) if rows else empty, paragraph(more, "note"))


def _holder(outcome: Outcome) -> str:
    lease = outcome.lease
    if lease is None:
        return "nobody"
    end = time.strftime("%d %b %H:%M", time.localtime(lease.until))
    return f"{lease.holder} until {end}" if lease.until > time.time() else f"{lease.holder}, lapsed {end}"


def _buttons(outcome: Outcome) -> Html:
    if outcome.status == "running":
        return Html("")
    of = f'data-id="{outcome.number}" aria-label'
    return Html(
        f'<button class="plain" data-do="tell" {of}="Enter results of {outcome.number}">Enter</button> '
        f'<button class="plain" data-do="return" {of}="Give back {outcome.number}">Give back</button>'
    )


def _forms(properties: list[str], home: Path, access: Access) -> str:
    """Take samples, and enter what came out; only what the token may."""
    if not access.may("tell"):
        return ""
    fields = "".join(
        f'<label>{safe(label(p))}<input name="values:{safe(p)}" inputmode="decimal" autocomplete="off"></label>'
        f'<label>± (standard error)<input name="errors:{safe(p)}" inputmode="decimal" autocomplete="off"></label>'
        for p in properties
    )
    kinds = {
        "told": "Measured", "repeat": "Measured again", "correct": "Correction",
        "failed": "Failed: no values", "infrastructure": "Not the sample's fault: make it again",
    }  # fmt: skip
    options = "".join(f'<option value="{key}">{safe(text)}</option>' for key, text in kinds.items())
    run = ""
    if access.may("operate") and computed(home):
        run = '<p><button data-do="start">Start</button> <button data-do="stop">Stop</button></p>'
    return (
        f'<section id="enter"><h2>Take samples, enter results</h2>{run}<form id="take"><fieldset class="wrap">'
        '<legend>Take samples</legend><label>How many<input name="n" type="number" min="1" max="100" value="1"></label>'
        '<label>For whom<input name="holder" maxlength="200" placeholder="the token\'s name"></label>'
        '<button>Take</button></fieldset></form><form id="tell"><fieldset class="wrap"><legend>Enter a result</legend>'
        f'<label>Sample number or id<input id="tell-id" name="id" required></label><label>What<select name="kind">'
        f'{options}</select></label>{fields}<label>Note, or why<input name="note"></label>'
        '<label>Who says so<input name="by" maxlength="200"></label><button>Enter</button></fieldset></form>'
        '<p id="said" class="said" role="status" aria-live="polite"></p></section>'
    )


def _tag(html: str) -> str:
    return hashlib.sha256(html.encode()).hexdigest()[:16]


def _page(title: str, body: str, root: str, data: Mapping[str, str] | None = None) -> str:
    """A whole page; its scripts are the service's own files."""
    given = "".join(f' data-{key}="{safe(value)}"' for key, value in (data or {}).items())
    scripts = f'<script src="{root}/static/plotly.js" defer></script>' if data else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{safe(title)} – Eutectic</title>'
        f'<link rel="icon" href="data:,"><link rel="stylesheet" href="{root}/static/page.css">{scripts}'
        f'<script src="{root}/static/page.js" defer></script></head><body{given}><a class="skip" href="#main">To the '
        f'content</a><main id="main">{body}</main></body></html>\n'
    )
