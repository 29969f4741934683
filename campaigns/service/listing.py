"""This file is the routes of campaigns as such: begin one, list them, say how one stands, start and stop it."""

import tempfile
import time
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from eutectic.campaigns.analysis.status import status_json
from eutectic.campaigns.errors import CampaignFileError, CampaignFolderError
from eutectic.campaigns.service.access import Access
from eutectic.campaigns.service.bodies import Process, Run
from eutectic.campaigns.service.files import checked, create, relative
from eutectic.campaigns.service.problems import FAILED
from eutectic.campaigns.service.state import Asker, Here, Named, Service, signed

router = APIRouter(prefix="/v1", responses=FAILED, tags=["campaigns"])
EXAMPLE = """name: solder
space: {use: composition, elements: {Sn: [0.5, 0.99], Bi: [0, 0.4], Ag: [0, 0.05]}, step: 0.01}
objectives: {shear_strength_mpa: maximize}
oracles: [{use: person, properties: [shear_strength_mpa], instructions: Reflow, shear, report.}]
optimizers: [{use: sobol, evaluations: 6}, {use: bayesian}]
budget: {evaluations: 30, batch: 2}
"""
FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "A campaign file; its paths start at the service's data folder.",
        "content": {
            "application/yaml": {"schema": {"type": "string"}, "example": EXAMPLE},
            "application/json": {"schema": {"type": "object"}, "example": {"name": "solder", "space": {}}},
        },
    }
}


@router.get("/campaigns")
def campaigns(service: Here, access: Asker) -> list[dict[str, Any]]:
    """The campaigns this token is for, each with how it stands."""
    return [status_content(service, name) for name in service.shelf.names() if access.sees(name)]


@router.post("/campaigns", status_code=201, openapi_extra=FILE)
async def begin(request: Request, service: Here, access: Asker, response: Response, start: bool = False) -> Any:
    """Begin the campaign of a file, YAML or JSON; the same file again is the same campaign (200).

    start: have it run at once, where it is not led by hand.
    """
    text = (await request.body()).decode("utf-8", errors="replace")
    return await run_in_threadpool(_begin, service, access, text, start, response)


def _begin(service: Service, access: Access, text: str, start: bool, response: Response) -> Any:
    name, new = create(service.shelf, service.child, text, service.allowed, access)
    response.status_code = 201 if new else 200
    if start:
        service.processes.start(name, signed(access))
    return status_content(service, name)


@router.post("/validate", openapi_extra=FILE)
async def validate(request: Request, service: Here) -> Any:
    """Check a campaign file and try every oracle once, as `campaign run --dry-run` does; nothing is begun."""
    text = (await request.body()).decode("utf-8", errors="replace")
    return await run_in_threadpool(rehearsed, service, text)


def rehearsed(service: Service, text: str) -> dict[str, Any]:
    """What a dry run of a file finds."""
    checked(text, service.shelf.data, service.allowed)
    service.shelf.data.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "campaign.yaml"
        path.write_text(text, encoding="utf-8")
        request = {"do": "dry_run", "file": str(path), "source": str(service.shelf.data)}
        try:
            found: dict[str, Any] = service.child.call(request)
        except CampaignFileError as error:
            raise relative(error, path.parent, service.shelf.data) from None
    return found


@router.get("/campaigns/{name}")
def status(name: Named, service: Here) -> dict[str, Any]:
    """How a campaign stands: what `campaign status --json` prints, and what its process does."""
    return status_content(service, name)


def status_content(service: Service, name: str) -> dict[str, Any]:
    """The same for who asks in this process; of one that cannot be read, why."""
    try:
        content = status_json(service.shelf.ledger(name), time.time())
    except CampaignFolderError as error:
        return {"id": name, "state": "unreadable", "reason": str(error), "process": ""}
    return {"id": name, **content, "process": service.processes.state(name)}


@router.get("/campaigns/{name}/state")
def state(name: Named, service: Here) -> Process:
    """Whether it runs, waits for a place, or rests."""
    return Process(state=service.shelf.ledger(name).state, process=service.processes.state(name))


@router.post("/campaigns/{name}/state")
def act(name: Named, run: Run, service: Here, access: Asker) -> Process:
    """Start (or go on with) a computed campaign, or have it stop after what it evaluates now."""
    text = ""
    if run.do == "stop":
        asked = service.processes.stop(name, signed(access))
        text = "asked to stop; what is being evaluated is finished first" if asked else "nothing ran"
    else:
        service.processes.start(name, signed(access))
    answer = state(name, service)
    return answer.model_copy(update={"text": text})
