"""This file is what requests carry and answers hold, with the examples that the OpenAPI shows."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from eutectic.campaigns.hand.leasing import LEASE_S

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
"""A number, not the text of one."""
Curve = (
    Annotated[list[Number], Field(max_length=100_000)]
    | Annotated[list[tuple[Number, Number]], Field(max_length=100_000)]
)
"""Points, or the axis before each."""
Name = Annotated[str, Field(max_length=200)]
Words = Annotated[str, Field(max_length=10_000)]
CLOSED = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class Wanted(BaseModel):
    """What is asked for."""

    model_config = CLOSED | {"json_schema_extra": {"examples": [{"n": 2, "holder": "furnace_2", "lease_s": 7200}]}}
    n: Annotated[int, Field(ge=1, le=1000)] = 1
    """How many, with those held already."""
    holder: Name | None = None
    """Who makes them; the token's name when not given."""
    lease_s: Annotated[float, Field(gt=0, le=10 * 365 * 86400)] = LEASE_S
    """For how long nobody else is given them, s."""
    context: dict[str, Number | Words] | None = None
    """What is measured and not chosen, by variable."""


class Observation(BaseModel):
    """What came out: values, a failure, a correction or a remark, of a candidate or of something never suggested."""

    model_config = CLOSED | {
        "json_schema_extra": {
            "examples": [
                {"id": "3", "values": {"yield_percent": 71.5}, "errors": {"yield_percent": 0.8}},
                {"id": "4", "failed": "cracked on cooling"},
                {"id": "3", "values": {"yield_percent": 72.1}, "repeat": True},
                {"id": "3", "values": {"yield_percent": 71.9}, "correct": True, "measurement": 1, "why": "misread"},
                {"variables": {"Cu": 0.4, "Zn": 0.6}, "values": {"yield_percent": 40.2}},
                {"variables": {"Cu": 0.9, "Zn": 0.1}, "failed": "did not melt"},
            ]
        }
    }
    id: Name | None = None
    """The candidate: its number, its id, or how the id begins."""
    variables: dict[str, Number | Words] | None = None
    """Of something never suggested: all of them."""
    values: dict[str, Number | Curve] = {}
    """Property -> value, in the unit its name says; of a wanted curve its points, or pairs of axis and point."""
    context: dict[str, Number | Words] = {}
    """What was measured with the sample and not chosen, by variable."""
    errors: dict[str, Number] = {}
    """Standard errors of some of them."""
    failed: Words | None = None
    """It gave no values, and why; it is never asked for again."""
    infrastructure: bool = False
    """With `failed`: not the sample's fault, it is to be made again."""
    repeat: bool = False
    """Another measurement of the same sample."""
    correct: bool = False
    """What was told before was wrong."""
    measurement: Annotated[int, Field(ge=1)] | None = None
    """With `correct`: which of several."""
    why: Words = ""
    """With `correct`: why."""
    note: Words = ""
    """A remark, kept with it."""
    by: Name = ""
    """Who says so, beside the token's name."""


class Note(BaseModel):
    """A remark about a candidate."""

    model_config = CLOSED | {"json_schema_extra": {"examples": [{"id": "3", "text": "powder from the new batch"}]}}
    id: Name
    """The candidate: its number, its id, or how the id begins."""
    text: Annotated[str, Field(min_length=1, max_length=10_000)]
    by: Name = ""
    """Who says so, beside the token's name."""


class Run(BaseModel):
    """What is to become of a campaign's process."""

    model_config = CLOSED | {"json_schema_extra": {"examples": [{"do": "start"}, {"do": "stop"}]}}
    do: Literal["start", "stop", "resume"]
    """`resume` is the same as `start`."""


class Said(BaseModel):
    """One thing that is wrong, in the command line's words."""

    path: list[str | int]
    """Where in the file or the body."""
    message: str
    place: str
    """`FILE:LINE`; "" when not known."""


class Suggestion(BaseModel):
    """A candidate to evaluate."""

    id: str
    number: int
    validation: bool = False
    variables: dict[str, Any]
    composition: dict[str, float] | None = None
    reason: dict[str, Any]
    instructions: dict[str, str]
    outside_space: bool = False
    """Does it lie outside the space since that was changed?"""
    holder: str | None = None
    until: float | None = None
    """Unix time, s, until when nobody else is given it."""


class Suggestions(BaseModel):
    """What is handed out."""

    suggestions: list[Suggestion]
    why_fewer: str
    """Why there are fewer than were asked for; "" when there are not."""
    notes: list[str] = []
    """What a reader should know of how they were proposed, where that was now."""


class Fate(BaseModel):
    """What became of a candidate so far."""

    id: str
    number: int | None
    """Among the candidates proposed, from 1; null for what was never proposed."""
    name: str
    """What people call it: `#12`, `history:known.csv:12`."""
    round: int
    status: Literal["proposed", "running", "finished", "failed", "refused", "returned"]
    variables: dict[str, Any]
    values: dict[str, float | None]
    errors: dict[str, float | None]
    feasible: bool
    failure: str
    error: str
    measurements: list[dict[str, Any]]
    remarks: list[dict[str, Any]]
    holder: str | None = None
    until: float | None = None


class Process(BaseModel):
    """What runs."""

    state: str
    """Of the campaign: running, stopped, done, failed."""
    process: str
    """`running`, `queued`, `failed: why`, or "" where nobody asked for one."""
    text: str = ""
