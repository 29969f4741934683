"""This file is the routes of whoever looks: front, rounds, explanation, report, export, health, numbers."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from fastapi.responses import FileResponse

from eutectic.campaigns.analysis.explanation import dumped
from eutectic.campaigns.errors import CampaignFileError, Complaint
from eutectic.campaigns.explain.files import read_explanation
from eutectic.campaigns.exports.export import FORMATS, pareto_json
from eutectic.campaigns.record.journal import Journal
from eutectic.campaigns.service.problems import FAILED, problem
from eutectic.campaigns.service.state import Here, Named, Service

router = APIRouter(prefix="/v1/campaigns/{name}", responses=FAILED, tags=["reading"])
health = APIRouter(responses=FAILED, tags=["health"])
MEDIA = {"csv": "text/csv", "json": "application/json", "cif": "chemical/x-cif", "pwd": "application/json"}
"""Format of an export -> its media type."""


@router.get("/pareto")
def pareto(name: Named, service: Here) -> Response:
    """The Pareto front, as `campaign pareto --format json` prints it."""
    return Response(pareto_json(service.shelf.ledger(name)), media_type="application/json")


@router.get("/rounds")
def rounds(name: Named, service: Here) -> list[dict[str, Any]]:
    """The rounds that have ended: hypervolume, how well the surrogates predict, and their candidates' numbers."""
    return [
        {
            "round": each.number,
            "hypervolume": each.hypervolume,
            "regret": each.regret,
            "diagnostics": each.diagnostics,
            "numbers": [outcome.number for outcome in each.outcomes if outcome.number > 0],
        }
        for each in service.shelf.ledger(name).rounds
    ]


@router.get("/explanation")
def explanation(name: Named, service: Here) -> Response:
    """The explanation that was made last."""
    found = read_explanation(service.shelf.home(name))
    if found is None:
        return problem(404, f"{name} is not explained yet; POST here to have it explained")
    return Response(dumped(found), media_type="application/json")


@router.post("/explanation")
def explain(name: Named, service: Here) -> Response:
    """Explain the campaign anew: what the properties depend on, and what would make a candidate better."""
    return Response(explained(service, name), media_type="application/json")


def explained(service: Service, name: str) -> bytes:
    """The same for who asks in this process; CampaignFileError where too little is known."""
    home = service.shelf.home(name)
    service.child.call({"do": "explain", "folder": str(home)})
    found = read_explanation(home)
    if found is None:
        raise CampaignFileError([Complaint((), f"nothing of {name} can be explained yet", kind="conflict")])
    return dumped(found)


@router.get("/report")
def report(name: Named, service: Here) -> FileResponse:
    """The report: one HTML page that needs no network, made anew where the journal has grown."""
    home = service.shelf.home(name)
    path = home / "report.html"
    journal = Journal.open(home)
    try:
        _, last = journal.last()
    finally:
        journal.close()
    if not path.exists() or path.stat().st_mtime < last:
        service.child.call({"do": "report", "folder": str(home)})
    return FileResponse(path, media_type="text/html", filename=f"{name}.html")


@router.get("/export")
def export(
    name: Named,
    service: Here,
    format: Annotated[Literal["csv", "json", "cif", "pwd"], Query(description="csv has a row an evaluation.")] = "csv",
) -> Response:
    """The record as `campaign export` writes it."""
    try:
        text = FORMATS[format](service.shelf.ledger(name))
    except ValueError as error:
        raise CampaignFileError([Complaint((), str(error))]) from None
    ending = "json" if format == "pwd" else format
    headers = {"content-disposition": f'attachment; filename="{name}.{ending}"'}
    return Response(text, media_type=MEDIA[format], headers=headers)


@health.get("/healthz")
def alive() -> dict[str, str]:
    """It answers."""
    return {"status": "ok"}


@health.get("/readyz")
def ready(service: Here) -> Response:
    """It answers, and can write to its folder."""
    probe = service.shelf.folder / ".ready"
    try:
        probe.touch()
    except OSError as error:
        return problem(503, f"the folder cannot be written: {error}")
    return Response('{"status": "ok"}', media_type="application/json")


@health.get("/metrics")
def metrics(service: Here) -> Response:
    """Requests, their seconds, and campaigns by what their processes do, as Prometheus reads them."""
    processes = {name: service.processes.state(name) for name in service.shelf.names()}
    return Response(service.metrics.text(processes), media_type="text/plain; version=0.0.4")
