"""This file is a campaign's journal as a stream: every event once, in order, from wherever the reader was."""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any

import anyio
from fastapi import APIRouter, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent

from eutectic.campaigns.record.journal import Entry, Journal
from eutectic.campaigns.service.problems import FAILED
from eutectic.campaigns.service.state import Here, Named

router = APIRouter(prefix="/v1/campaigns/{name}", responses=FAILED, tags=["reading"])
POLL_S = 0.5
"""Seconds between two looks at the journal."""
SHOWN = frozenset({
    "values", "errors", "oracle", "status", "failure", "error", "text", "state", "holder", "until", "by", "why",
    "never", "index", "hypervolume", "n", "differences", "note", "passed", "rung", "attempt", "again", "repeat",
    "measurement", "before",
})  # fmt: skip
"""What a reader is told of an event; whole files, structures and settings are in the export."""


@router.get("/events", response_class=EventSourceResponse)
async def events(
    name: Named,
    service: Here,
    last: Annotated[int | None, Header(alias="Last-Event-ID", ge=0)] = None,
    since: Annotated[int | None, Query(ge=0, description="Only events after this one.")] = None,
) -> AsyncIterator[ServerSentEvent]:
    """Server-sent events; the id of each is its number in the journal, `Last-Event-ID` goes on behind that one."""
    journal = await anyio.to_thread.run_sync(Journal.open, service.shelf.home(name))
    seq = last if last is not None else since or 0
    try:
        while not service.over():
            for entry in await anyio.to_thread.run_sync(_news, journal, seq):
                seq = entry.seq
                yield ServerSentEvent(id=str(seq), event=entry.kind, raw_data=json.dumps(shown(entry)))
            await anyio.sleep(POLL_S)
    finally:
        journal.close()


def shown(entry: Entry) -> dict[str, object]:
    """What a reader is told of an event."""
    body: Mapping[str, Any] = entry.body
    content: dict[str, object] = {"seq": entry.seq, "at": entry.at, "kind": entry.kind}
    if entry.number is not None:
        content["number"] = entry.number
    content |= {key: body[key] for key in body if key in SHOWN}
    if entry.kind == "asked":
        content["numbers"] = [row["number"] for row in body["proposals"]]
        content["optimizer"] = body["batch"]["optimizer"]
    if "evaluation" in body:
        content |= {key: body["evaluation"].get(key) for key in ("oracle", "status", "values", "failure", "error")}
    return content


def _news(journal: Journal, seq: int) -> list[Entry]:
    """What was written since; nothing is read where nobody wrote."""
    return journal.since(seq) if journal.touched() else []
