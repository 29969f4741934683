"""This file is the routes of whoever measures: take samples, give them back, tell what came out, remark."""

import time
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import quote

from anyio import to_thread
from fastapi import APIRouter, Header, Query, Request, Response

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.errors import CampaignFileError, Complaint, unknown
from eutectic.campaigns.exports.candidates import fate, suggestion
from eutectic.campaigns.hand.sheet import Row
from eutectic.campaigns.loop.outside import left_outside
from eutectic.campaigns.loop.routing import instructions
from eutectic.campaigns.problem.curves import Told
from eutectic.campaigns.record.attachments import content_of
from eutectic.campaigns.record.outcomes import Outcome
from eutectic.campaigns.service.bodies import Fate, Note, Observation, Suggestions, Wanted
from eutectic.campaigns.service.problems import FAILED
from eutectic.campaigns.service.shelf import Open
from eutectic.campaigns.service.state import Asker, Here, Named, Service, signed
from eutectic.campaigns.sharing import batches, notes_since, release, want
from eutectic.campaigns.telling import held, suggested, tell_once
from eutectic.oracles.base import Value

router = APIRouter(prefix="/v1/campaigns/{name}", responses=FAILED, tags=["laboratory"])
Remark = Annotated[str, Query(max_length=10_000, description="A remark that is kept with the file.")]
PATIENCE_S = 60.0
"""Seconds to wait for a process that runs the campaign to have candidates ready."""


@router.get("/suggestions")
def waiting(name: Named, service: Here) -> Suggestions:
    """What waits to be measured, and who has it; nothing is handed out."""
    with service.shelf.use(name) as held_open:
        return _shown(held_open.campaign, held_open.campaign.waiting(), "")


@router.post("/suggestions")
def suggest(name: Named, wanted: Wanted, service: Here, access: Asker, request: Request) -> Suggestions:
    """Take samples: the holder's own open ones first, then what nobody has, then new ones; asking twice is safe."""
    handed = taken(service, name, wanted, signed(access), wanted.holder or access.name)
    request.state.evaluation = " ".join(sample.id for sample in handed.suggestions)
    return handed


def taken(service: Service, name: str, wanted: Wanted, by: str, holder: str) -> Suggestions:
    """The same for who asks in this process. While others think, the campaign is free to be told."""
    with service.shelf.use(name) as held_open:
        campaign = held_open.campaign
        before, apart = batches(campaign), any(shared.size is None for shared in campaign.problem.space.shared)

        def ask(missing: int, context: Mapping[str, Value] | None) -> None:
            if campaign.running:
                _want(held_open, wanted.n, holder, by)
                return
            held_open.lock.release()
            try:
                service.child.ask(campaign.folder, missing, context, by, holder if apart else "")
            finally:
                held_open.lock.acquire()

        outcomes, why = suggested(campaign, wanted.n, wanted.context, holder, wanted.lease_s, by, ask)
        return _shown(campaign, outcomes, why, notes_since(campaign, before))


def _want(held_open: Open, n: int, holder: str, by: str) -> None:
    """Have the process that runs the campaign make n candidates ready, beside those that others hold."""
    campaign = held_open.campaign
    others = sum(o.lease is not None and o.lease.holder != holder for o in campaign.waiting())
    want(campaign, n + others, by, holder)
    deadline = time.monotonic() + PATIENCE_S
    while len(campaign.waiting()) < n + others and campaign.running and time.monotonic() < deadline:
        if campaign.why_fewer():
            break
        held_open.lock.release()
        try:
            time.sleep(0.1)
        finally:
            held_open.lock.acquire()


@router.delete("/suggestions/{id}")
def give_back(
    name: Named,
    id: str,
    service: Here,
    access: Asker,
    why: Annotated[str, Query(max_length=10_000)] = "",
    never: bool = False,
    keep: Annotated[bool, Query(description="It is to be made, by whoever asks next.")] = False,
) -> Fate:
    """Say that a sample is not made: its place in the budget is free; with `never` it is not asked for again."""
    with service.shelf.use(name) as held_open:
        campaign, by = held_open.campaign, signed(access)
        if keep:
            return Fate.model_validate(fate(release(campaign, id, by)))
        outcome = campaign.find(id)
        if outcome.status != "returned" or (never and not outcome.barred):
            outcome = campaign.return_(id, never, why, by)
        return Fate.model_validate(fate(outcome))


@router.get("/observations")
def observations(name: Named, service: Here) -> list[Fate]:
    """Every candidate and what became of it."""
    return [Fate.model_validate(fate(outcome)) for outcome in service.shelf.ledger(name).outcomes]


@router.post("/observations")
def observe(
    name: Named,
    observation: Observation,
    service: Here,
    access: Asker,
    request: Request,
    key: Annotated[str | None, Header(alias="Idempotency-Key", max_length=200)] = None,
) -> Fate:
    """Tell what came out. Told again it counts once; other values are a conflict unless `correct` or `repeat`."""
    with service.shelf.use(name) as held_open:
        outcome = observed(held_open.campaign, observation, signed(access, observation.by), key or "")
        request.state.evaluation = outcome.id
        return Fate.model_validate(fate(outcome))


@router.put("/observations/{id}/files/{file}")
async def attach(
    name: Named, id: str, file: str, request: Request, service: Here, access: Asker, note: Remark = ""
) -> Fate:
    """Keep a small file with a candidate: the body is its content, whatever it holds."""
    content = await request.body()

    def keep() -> Outcome:
        with service.shelf.use(name) as held_open:
            return held_open.campaign.attach(id, file, content, note, signed(access))

    return Fate.model_validate(fate(await to_thread.run_sync(keep)))


@router.get("/observations/{id}/files/{file}")
def attached(name: Named, id: str, file: str, service: Here) -> Response:
    """A file that is kept with a candidate, to be saved; the last of those that have this name."""
    with service.shelf.use(name) as held_open:
        campaign = held_open.campaign
        remarks = reversed(campaign.find(id).remarks)
        own = next((r.file for r in remarks if r.file is not None and r.file.name == file), None)
        if own is None:
            kept = [r.file.name for r in campaign.find(id).remarks if r.file is not None]
            raise CampaignFileError([Complaint((), unknown("file", file, kept), kind="missing")])
        headers = {"content-disposition": f"attachment; filename*=UTF-8''{quote(own.name)}"}
        return Response(content_of(campaign.folder, own), media_type="application/octet-stream", headers=headers)


@router.post("/notes")
def note(name: Named, note: Note, service: Here, access: Asker, request: Request) -> Fate:
    """Remark on a candidate."""
    with service.shelf.use(name) as held_open:
        outcome = held_open.campaign.note(note.id, note.text, signed(access, note.by))
        request.state.evaluation = outcome.id
        return Fate.model_validate(fate(outcome))


def observed(campaign: Campaign, said: Observation, by: str, key: str) -> Outcome:
    """Write down one observation; CampaignFileError when it says nothing, two things, or what cannot be."""
    _require_one_thing(said)
    values: dict[str, Told] = {**said.values, **said.context}
    if said.id is None:
        assert said.variables is not None
        if said.failed is not None:
            return campaign.add(said.variables, {}, by=by, note=said.note, key=key, failed=said.failed)
        known = campaign.same(said.variables)
        row = Row("", "", {}, said.values, said.errors)
        if known is not None and not said.repeat and not said.note and held(campaign, known, row):
            return known
        return campaign.add(said.variables, said.values, said.errors, said.repeat, by, said.note, key)
    if said.failed is not None:
        outcome = campaign.find(said.id)
        if outcome.status == "failed" and outcome.error == said.failed:
            return outcome
        return campaign.fail(said.id, said.failed, said.infrastructure, by, said.note)
    if said.correct:
        outcome = campaign.find(said.id)
        alone = said.measurement is None and not said.context
        if alone and held(campaign, outcome, Row("", "", {}, said.values, said.errors)):
            return outcome
        return campaign.correct(said.id, values, said.errors, said.why, said.measurement, by, said.note)
    if not values:
        return campaign.note(said.id, said.note, by)
    return tell_once(campaign, said.id, values, said.errors, said.repeat, by, said.note, key)


def _require_one_thing(said: Observation) -> None:
    """CampaignFileError for an observation of nothing or of two things."""
    wrong = ""
    if (said.id is None) == (said.variables is None):
        wrong = "give `id`, or `variables` of something never suggested"
    elif said.variables is not None and (said.infrastructure or said.correct):
        wrong = "`infrastructure` and `correct` are about one candidate: `id`"
    elif said.failed is not None and (said.values or said.correct or said.repeat):
        wrong = "`failed` has no values, no `correct` and no `repeat` beside it"
    elif said.correct and said.repeat:
        wrong = "`correct` and `repeat` exclude each other"
    elif said.failed is None and not (said.values or (said.correct and said.context)) and not said.note:
        wrong = "it says nothing: `values`, `failed` or `note`"
    if wrong:
        raise CampaignFileError([Complaint((), wrong)])


def _shown(campaign: Campaign, outcomes: list[Outcome], why: str, notes: Sequence[str] = ()) -> Suggestions:
    spec, texts = campaign.problem.spec, instructions(campaign.problem)
    beyond = left_outside(campaign.problem, campaign.logbook.record, outcomes)
    rows: list[Any] = [suggestion(outcome, spec, texts, outcome.number in beyond) for outcome in outcomes]
    return Suggestions.model_validate({"suggestions": rows, "why_fewer": why, "notes": [*notes]})
