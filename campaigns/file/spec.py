"""This file is the campaign file as a frozen value: `CampaignSpec`, with its goals and limits."""

import json
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, PrivateAttr, ValidationError

from eutectic.campaigns.errors import CampaignFileError, Complaint
from eutectic.campaigns.file import sections
from eutectic.campaigns.file.document import Document, load, overridden, parse
from eutectic.campaigns.file.goals import Goal, Limit, Window
from eutectic.campaigns.file.messages import complaints_of
from eutectic.campaigns.file.plugins import part_complaints
from eutectic.campaigns.file.rules import broken_rules
from eutectic.campaigns.file.secrets import secret_complaints, without

__all__ = ["CampaignSpec", "Goal", "Limit", "Window"]


class CampaignSpec(BaseModel):
    """A campaign file."""

    model_config = sections.CLOSED
    name: sections.Identifier
    """What the campaign is called; also the name of its folder."""
    seed: Annotated[int, Field(ge=0)] = 0
    """All randomness comes from it."""
    space: sections.Part
    """Where candidates come from: a generator and its options."""
    objectives: Annotated[
        dict[sections.Property, Literal["maximize", "minimize"] | sections.Objective], Field(min_length=1)
    ]
    """Property -> `maximize`, `minimize`, or a mapping with `goal` or `target`."""
    constraints: dict[sections.Property, sections.Constraint] = {}
    """Property -> `min` and/or `max`."""
    oracles: Annotated[tuple[sections.OraclePart, ...], Field(min_length=1)]
    """What evaluates candidates, in order."""
    surrogates: dict[str, sections.SurrogatePart] = {}
    """Property, or `default`, -> the surrogate that learns it; Gaussian processes when not given."""
    optimizers: Annotated[tuple[sections.OptimizerPart, ...], Field(min_length=1)]
    """What proposes candidates, in order; `evaluations` ends a stage, the last takes the rest."""
    fidelity: sections.Fidelity | None = None
    """How oracles that return the same property share the work."""
    validation: Annotated[sections.Validation | None, Field(alias="validate")] = None
    """What is evaluated once more at the end."""
    history: sections.Known | Annotated[tuple[sections.Known, ...], Field(min_length=1)] | None = None
    """What is known before the start, one source or a list; does not count against the budget."""
    budget: sections.Budget
    """When to stop."""
    executor: sections.Execution = sections.Execution()
    """Where evaluations run."""
    cache: str | None = None
    """A file of evaluations that campaigns share: what one of them computed, none computes again."""
    tracking: sections.Tracking = sections.Tracking()
    """How MLflow follows."""
    _document: Document = PrivateAttr(default=Document({}, {}))

    @classmethod
    def from_file(cls, path: str | Path, overrides: Sequence[str] = ()) -> Self:
        """Read a campaign file, each part's options included; CampaignFileError with all that is wrong with it."""
        return cls._of(load(path, overrides), parts=True)

    @classmethod
    def from_content(cls, content: Mapping[str, object]) -> Self:
        """Rebuild from `dump()`, parts unseen; CampaignFileError with all that is wrong with it."""
        return cls._of(Document(content, {}), parts=False)

    @classmethod
    def from_text(cls, text: str, overrides: Sequence[str] = ()) -> Self:
        """Read the text of a campaign file, as `from_file`."""
        document = parse(text, "the text")
        for override in overrides:
            document = overridden(document, override)
        return cls._of(document, parts=True)

    @classmethod
    def from_mapping(cls, content: Mapping[str, object]) -> Self:
        """Read the content of a campaign file, as `from_file`."""
        return cls._of(Document(content, {}), parts=True)

    @classmethod
    def _of(cls, document: Document, parts: bool) -> Self:
        complaints = list(document.complaints)
        spec: Self | None = None
        if not isinstance(document.content, Mapping):
            given = {type(None): "empty", list: "a list", str: "text", bool: "true or false"}.get(
                type(document.content), "a number"
            )
            message = f"the file is {given}; a campaign file is a mapping of sections (name, space, objectives, ...)"
            raise document.refuse([*complaints, Complaint((), message)])
        try:
            spec = cls.model_validate_json(json.dumps(document.content))
        except ValidationError as error:
            complaints += complaints_of(error, document.content, _schema())
        if parts:
            complaints += [*part_complaints(document.content), *secret_complaints(document.content)]
        if spec is not None:
            complaints += broken_rules(spec)
        if complaints:
            raise document.refuse(complaints)
        assert spec is not None
        spec._document = document
        return spec

    def changed(self, overrides: Sequence[str]) -> Self:
        """The same with `key=value` overrides, parts' options checked; CampaignFileError with all that is wrong."""
        document = Document(self.dump(secrets=True), {})
        for override in overrides:
            document = overridden(document, override)
        return type(self)._of(document, parts=True)

    def refuse(self, complaints: Sequence[Complaint]) -> CampaignFileError:
        """The error that says all of these, each with its file and line as far as known."""
        return self._document.refuse(complaints)

    def dump(self, secrets: bool = False) -> dict[str, object]:
        """What was given (overrides in place), as JSON values; `from_content` reads it back.

        Without `secrets` a password, which old files may hold, is masked.
        """
        content: dict[str, object] = self.model_dump(mode="json", by_alias=True, exclude_unset=True)
        return content if secrets else without(content)

    @cached_property
    def goals(self) -> tuple[Goal, ...]:
        """One an objective, in the file's order (m)."""
        full = {
            n: o if isinstance(o, sections.Objective) else sections.Objective(goal=o)
            for n, o in self.objectives.items()
        }
        return tuple(objective.named(name) for name, objective in full.items())

    @property
    def outputs(self) -> tuple[str, ...]:
        """The property of each output that is learned, objectives before limits (m + c)."""
        return (*(goal.name for goal in self.goals), *(limit.property for limit in self.limits))

    @cached_property
    def limits(self) -> tuple[Limit, ...]:
        """One a bound, in the file's order, `min` before `max` (c)."""
        return tuple(limit for name, constraint in self.constraints.items() for limit in constraint.named(name))

    @property
    def sources(self) -> tuple[sections.Known, ...]:
        """The sources of what is known before the start, in the file's order."""
        if self.history is None:
            return ()
        return (self.history,) if isinstance(self.history, sections.Known) else self.history

    @property
    def windows(self) -> dict[str, Window]:
        """The sanity window of each property that states one."""
        windows = {goal.name: goal.valid for goal in self.goals if goal.valid != Window()}
        for name, constraint in self.constraints.items():
            if constraint.valid is not None:
                windows[name] = windows.get(name, Window()).meet(constraint.valid.window)
        return windows


@cache
def _schema() -> dict[str, object]:
    return CampaignSpec.model_json_schema()
