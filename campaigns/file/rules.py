"""This file is what the sections of a campaign file demand of each other."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Protocol

from eutectic.campaigns.errors import Complaint, unknown
from eutectic.campaigns.file.sections import (
    Bounds,
    Budget,
    Constraint,
    Known,
    Objective,
    OptimizerPart,
    OraclePart,
    SurrogatePart,
    Validation,
)


class Sections(Protocol):
    """What the rules read of a campaign file; `CampaignSpec` has it."""

    @property
    def objectives(self) -> Mapping[str, str | Objective]:
        """Property -> what is wanted of it."""
        ...

    @property
    def constraints(self) -> Mapping[str, Constraint]:
        """Property -> its bounds."""
        ...

    @property
    def oracles(self) -> tuple[OraclePart, ...]:
        """In order."""
        ...

    @property
    def surrogates(self) -> Mapping[str, SurrogatePart]:
        """Property, or `default`, -> its surrogate."""
        ...

    @property
    def optimizers(self) -> tuple[OptimizerPart, ...]:
        """A stage each, in order."""
        ...

    @property
    def validation(self) -> Validation | None:
        """What is evaluated once more."""
        ...

    @property
    def sources(self) -> tuple[Known, ...]:
        """What is known before the start."""
        ...

    @property
    def budget(self) -> Budget:
        """When to stop."""
        ...


def broken_rules(spec: Sections) -> list[Complaint]:
    """Everything in a well-formed file that contradicts itself."""
    return [
        *(complaint for name, wanted in spec.objectives.items() for complaint in _objective(name, wanted)),
        *(complaint for name, wanted in spec.constraints.items() for complaint in _constraint(name, wanted)),
        *_budget(spec),
        *_stages(spec),
        *_names(spec),
    ]


def _objective(name: str, wanted: str | Objective) -> Iterator[Complaint]:
    """An objective's own keys must agree."""
    if isinstance(wanted, str):
        return
    path = ("objectives", name)
    if isinstance(wanted.target, str):
        for key in ("goal", "tolerance"):
            if getattr(wanted, key) is not None:
                yield Complaint((*path, key), f"`{key}` has no meaning beside a target curve")
    elif wanted.distance is not None:
        yield Complaint((*path, "distance"), "`distance` is for a property that is a curve: give `target: FILE.csv`")
    if wanted.sense is None:
        yield Complaint(path, "say `goal: maximize`, `goal: minimize` or `target: VALUE`")
        return
    if wanted.sense == "target" and wanted.target is None:
        yield Complaint((*path, "goal"), "a target objective needs `target: VALUE`")
        return
    if wanted.sense != "target" and not isinstance(wanted.target, str):
        for key in ("target", "tolerance"):
            if getattr(wanted, key) is not None:
                yield Complaint((*path, key), f"`{key}` has no meaning beside `goal: {wanted.goal}`")
    if wanted.valid is not None:
        yield from _bounds(("objectives", name, "valid"), wanted.valid)
    yield from _reference(name, wanted)


def _reference(name: str, wanted: Objective) -> Iterator[Complaint]:
    """A reference point must leave something better than itself."""
    if wanted.reference is None:
        return
    goal = wanted.named(name)
    path = ("objectives", name, "reference")
    if goal.kind == "target":
        if goal.reference_loss == 0:
            within = f"within {goal.tolerance:g} of" if goal.tolerance else "equal to"
            message = f"{goal.reference:g} is {within} the target {goal.target:g}: nothing can be better than it"
            yield Complaint(path, message)
        return
    best = goal.valid.max if goal.kind == "maximize" else goal.valid.min
    if best is not None and goal.signed(wanted.reference) <= goal.signed(best):
        message = (
            f"{wanted.reference:g} is on the wrong side: with `{goal.kind}` and valid {goal.valid} nothing is better"
        )
        yield Complaint(path, message + "; the reference is the worst acceptable value")


def _constraint(name: str, wanted: Constraint) -> Iterator[Complaint]:
    """A constraint must bound something and leave something."""
    path = ("constraints", name)
    if wanted.min is None and wanted.max is None:
        yield Complaint(path, "give `min`, `max` or both")
    yield from _bounds(path, Bounds(min=wanted.min, max=wanted.max), closed=True)
    if wanted.valid is None:
        return
    yield from _bounds((*path, "valid"), wanted.valid)
    for limit in wanted.named(name):
        best = wanted.valid.max if limit.side == "min" else wanted.valid.min
        if best is not None and limit.excess(best) > 0:
            yield Complaint((*path, limit.side), f"no valid value ({wanted.valid.window}) can satisfy {limit}")


def _bounds(path: tuple[str, ...], bounds: Bounds, closed: bool = False) -> Iterator[Complaint]:
    """A lower end must lie below the upper; with `closed` they may be equal."""
    if bounds.min is None or bounds.max is None or bounds.min < bounds.max or (closed and bounds.min == bounds.max):
        return
    yield Complaint((*path, "min"), f"min {bounds.min:g} is not below max {bounds.max:g}")


def _budget(spec: Sections) -> Iterator[Complaint]:
    """Something must end the campaign, and a batch must fit into it."""
    budget = spec.budget
    if budget.evaluations is None and budget.hours is None and budget.cost is None:
        yield Complaint(
            ("budget",), "give at least one of `evaluations`, `hours` and `cost`; nothing else ends it for sure"
        )
    if budget.evaluations is not None and budget.batch > budget.evaluations:
        message = f"a batch of {budget.batch} is larger than the whole budget of {budget.evaluations} evaluations"
        yield Complaint(("budget", "batch"), message)


def _stages(spec: Sections) -> Iterator[Complaint]:
    """Every stage but the last must end, and together they must use the budget, no more and no less."""
    last = len(spec.optimizers) - 1
    for k, part in enumerate(spec.optimizers):
        yield from _stage(spec, k, part, last)
    asked = sum(part.evaluations or 0 for part in spec.optimizers)
    total, tail = spec.budget.evaluations, spec.optimizers[-1].evaluations
    path = ("optimizers", last, "evaluations") if tail else ("optimizers", last)
    if total is None:
        if tail is not None:
            yield Complaint(path, "the last stage takes the rest; to end after it, set `budget.evaluations`")
    elif tail is None and asked >= total and last > 0:
        yield Complaint(
            path, f"the stages before it ask for {asked} evaluations: none of the budget of {total} is left"
        )
    elif tail is not None and asked != total:
        verb = "overspend" if asked > total else "leave unused part of"
        message = (
            f"the stages' {asked} evaluations {verb} the budget of {total}; leave `evaluations` out of the last stage"
        )
        yield Complaint(path, message)


def _stage(spec: Sections, k: int, part: OptimizerPart, last: int) -> Iterator[Complaint]:
    """A stage's own keys must agree, and lead on to the next."""
    early = next((key for key in ("satisfied", "stall") if getattr(part, key) is not None), None)
    tail = spec.optimizers[-1].evaluations
    if part.satisfied is not None and part.goal != "satisfy":
        yield Complaint(("optimizers", k, "satisfied"), "`satisfied` has no meaning without `goal: satisfy`")
    limits = [limit for limit in (part.evaluations, spec.budget.evaluations) if limit is not None]
    if part.satisfied is not None and limits and part.satisfied > min(limits) and not spec.sources:
        message = f"{part.satisfied} candidates cannot be found in {min(limits)} evaluations"
        yield Complaint(("optimizers", k, "satisfied"), message)
    if k < last and part.evaluations is None and early is None:
        message = f"only the last stage may go without `evaluations`; what follows '{part.use}' would never be asked"
        yield Complaint(("optimizers", k), message)
    if k < last and early is not None and tail is not None:
        message = (
            f"stage {k + 1} may end before its evaluations (`{early}`), and what it leaves of the budget would go "
            f"unused; leave `evaluations` out of the last stage"
        )
        yield Complaint(("optimizers", last, "evaluations"), message)


def _names(spec: Sections) -> Iterator[Complaint]:
    """Names must be unique, and what is referred to must exist."""
    called = [oracle.called for oracle in spec.oracles]
    for name, times in Counter(called).items():
        if times > 1:
            again = len(called) - 1 - called[::-1].index(name)
            yield Complaint(("oracles", again), f"{times} oracles are called '{name}'; give each its own `name`")
    if spec.validation is not None and spec.validation.oracle not in called:
        yield Complaint(("validate", "oracle"), unknown("oracle", spec.validation.oracle, called))
    for key in ("use", "name", "cost", "search", "resources"):
        if spec.validation is not None and key in spec.validation.options:
            yield Complaint(("validate", "options", key), f"`{key}` is said in `oracles`; only options may differ")
    outputs = {*spec.objectives, *spec.constraints, "default"}
    for name in spec.surrogates:
        if name not in outputs:
            yield Complaint(("surrogates", name), unknown("objective or constraint", name, outputs))
