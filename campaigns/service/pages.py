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
from eutectic.campaigns.analysis.status import counts, status_of
from eutectic.campaigns.errors import CampaignFolderError
from eutectic.campaigns.hand.sheet import measured_names
from eutectic.campaigns.record.attachments import MOST_BYTES
from eutectic.campaigns.record.fold import FOLDS, STEPS
from eutectic.campaigns.record.journal import Journal
from eutectic.campaigns.record.outcomes import Ledger, Outcome
from eutectic.campaigns.report.blocks import (
    Action,
    Actions,
    Badge,
    Cell,
    Head,
    Link,
    Section,
    candidate,
    paragraph,
    section,
    table,
)
from eutectic.campaigns.report.decisions import decisions, failures
from eutectic.campaigns.report.overview import head, hypervolume, pareto_front, problem
from eutectic.campaigns.report.page import STYLE
from eutectic.campaigns.report.remarks import remarks
from eutectic.campaigns.report.rendering import environment, file_text, section_html
from eutectic.campaigns.report.search import credit, stages
from eutectic.campaigns.service.access import Access
from eutectic.campaigns.service.processes import computed
from eutectic.campaigns.service.state import Asker, Here, Named, Service
from eutectic.campaigns.tracking.position import Positions

router = APIRouter(include_in_schema=False)
STATIC = Path(__file__).parent / "static"
TEMPLATES = environment(Path(__file__).parent / "templates")
"""The pages' own, beside the report's."""
SCRIPTS = ("plotly.js", "report.js", "page.js")
"""In the order in which they run."""
SHOWN = 100
"""Candidates of the list of what waits, at most."""
NEVER_CHANGES = "max-age=86400"
"""Of plotly.js: for a day."""
SECTIONS: Mapping[str, Callable[[Ledger], Section | Head | None]] = {
    "head": lambda ledger: head(ledger, front(ledger)),
    "open": lambda ledger: waiting(ledger),
    "front": lambda ledger: pareto_front(ledger, front(ledger)),
    "hypervolume": hypervolume,
    "failures": failures,
    "remarks": remarks,
    "files": lambda ledger: files(ledger),
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
    whole = section("campaigns", "Campaigns", table(columns, rows) if rows else empty)
    return _page(
        "list.html", {"title": "Campaigns", "root": root, "section": whole, "scripts": SCRIPTS[1:], "data": {}}
    )


def _row(service: Service, name: str, root: str) -> list[Cell]:
    link = Link(f"{root}/campaigns/{quote(name)}", name)
    try:
        facts = status_of(service.shelf.ledger(name), time.time())
    except CampaignFolderError as error:
        return [name, Badge("failed"), "", str(error), ""]
    best = ", ".join(f"{label(goal)} {number(value)}" for goal, value, _ in facts.best)
    reached = number(facts.hypervolume) if facts.hypervolume is not None else best
    return [link, Badge(facts.state), counts(facts), reached, service.processes.state(name)]


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
    data = {
        "api": api,
        "sections": f"{root}/campaigns/{quote(name)}/sections",
        "seq": str(seq),
        "kinds": " ".join(sorted({*FOLDS, *STEPS})),
    }
    links = [
        Link(f"{root}/", "All campaigns"),
        Link(f"{api}/export?format=csv", "CSV"),
        Link(f"{api}/export?format=json", "JSON"),
        Link(f"{api}/report", "Report"),
        *_mlflow(home),
    ]
    content = {"title": name, "root": root, "links": links, "places": list(SECTIONS), "scripts": SCRIPTS, "data": data}
    return _page("live.html", content | _forms(properties, home, access))


def _mlflow(home: Path) -> list[Link]:
    """A link to MLflow where it is a server that a browser can reach."""
    uri = Positions.read(home).uri
    plain = uri.startswith(("http://", "https://")) and "@" not in uri
    return [Link(uri, "MLflow", elsewhere=True)] if plain else []


@router.get("/campaigns/{name}/sections")
def sections(name: Named, service: Here) -> dict[str, dict[str, dict[str, str]]]:
    """Every section's HTML, with a tag that changes when it does."""
    ledger = service.shelf.ledger(name)
    made = {key: section_html(make(ledger)) for key, make in SECTIONS.items()}
    return {"sections": {key: {"tag": _tag(html), "html": html} for key, html in made.items()}}


@router.get("/static/{file}")
def static(file: str) -> Response:
    """The pages' own script and style, and plotly.js as it is installed."""
    if file == "plotly.js":
        return FileResponse(plotly(), media_type="text/javascript", headers={"cache-control": NEVER_CHANGES})
    if file == "page.js":
        return FileResponse(STATIC / "page.js", media_type="text/javascript")
    if file == "report.js":
        return PlainTextResponse(file_text("report.js"), media_type="text/javascript")
    if file == "page.css":
        return PlainTextResponse(STYLE + (STATIC / "page.css").read_text(encoding="utf-8"), media_type="text/css")
    return PlainTextResponse("no such file", 404)


def plotly() -> Path:
    """The file of plotly.js; nothing of plotly is imported for it but its place."""
    found = find_spec("plotly")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "package_data" / "plotly.min.js"


def waiting(ledger: Ledger) -> Section | None:
    """What runs and what waits, and who has it."""
    open_ones = [o for o in ledger.outcomes if o.status in ("proposed", "running")]
    rows: list[list[Cell]] = [
        [f"#{o.number}", _buttons(o), candidate(o), Badge(o.status), _holder(o)] for o in open_ones[:SHOWN]
    ]
    columns = ["", "", "Candidate", "Status", "Held by"]
    more = f"{SHOWN} of {len(open_ones)}" if len(open_ones) > SHOWN else ""
    empty = paragraph("Nothing runs and nothing waits.", "note")
    return section("open", "Running and waiting", table(columns, rows) if rows else empty, paragraph(more, "note"))


def _holder(outcome: Outcome) -> str:
    lease = outcome.lease
    if lease is None:
        return "nobody"
    end = time.strftime("%d %b %H:%M", time.localtime(lease.until))
    return f"{lease.holder} until {end}" if lease.until > time.time() else f"{lease.holder}, lapsed {end}"


def _buttons(outcome: Outcome) -> Cell:
    if outcome.status == "running":
        return None
    enter = Action("tell", outcome.number, "Enter", f"Enter results of {outcome.number}")
    back = Action("return", outcome.number, "Give back", f"Give back {outcome.number}")
    return Actions((enter, back))


def files(ledger: Ledger) -> Section | None:
    """The files that are kept with candidates, to be saved; None without any."""
    api = f"../v1/campaigns/{quote(Path(ledger.folder).name)}/observations"
    rows: list[list[Cell]] = []
    for outcome in ledger.outcomes:
        place = str(outcome.number) if outcome.number > 0 else outcome.id
        last = {remark.file.name: (remark, remark.file) for remark in outcome.remarks if remark.file is not None}
        for remark, file in last.values():
            link = Link(f"{api}/{quote(place, safe='')}/files/{quote(file.name, safe='')}", file.name)
            rows.append([outcome.name, link, f"{file.bytes:,}", remark.text, remark.by])
    shown = table(["", "File", "Bytes", "Note", "By"], rows[-SHOWN:])
    more = f"the last {SHOWN} of {len(rows)}" if len(rows) > SHOWN else ""
    return section("files", "Files", shown, paragraph(more, "note")) if rows else None


KINDS = {
    "told": "Measured", "repeat": "Measured again", "correct": "Correction",
    "failed": "Failed: no values", "infrastructure": "Not the sample's fault: make it again",
}  # fmt: skip
"""What can be entered of a sample."""


def _forms(properties: list[str], home: Path, access: Access) -> dict[str, object]:
    """Take samples, and enter what came out; only what the token may."""
    return {
        "may_tell": access.may("tell"),
        "may_run": access.may("operate") and computed(home),
        "properties": [(name, label(name)) for name in properties],
        "kinds": KINDS,
        "most_bytes": MOST_BYTES,
    }


def _tag(html: str) -> str:
    return hashlib.sha256(html.encode()).hexdigest()[:16]


def _page(template: str, content: Mapping[str, object]) -> HTMLResponse:
    """A whole page; its scripts are the service's own files."""
    return HTMLResponse(TEMPLATES.get_template(template).render(content))
