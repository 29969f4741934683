"""This file is what a campaign's parts demand of each other: properties, regions, files, executors."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from eutectic.campaigns.errors import Complaint, nearest_name, unknown
from eutectic.campaigns.execution.cache import unusable
from eutectic.campaigns.file import plugins
from eutectic.campaigns.file.messages import complaint_of
from eutectic.campaigns.file.sections import OraclePart
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.problem import ladder
from eutectic.campaigns.problem.definition import NamedOracle, Problem
from eutectic.campaigns.problem.executors import refusal, refusal_of_options
from eutectic.campaigns.problem.screening import learned
from eutectic.generators.abilities import Composed, Numbered, Offering, uncomposed
from eutectic.generators.abilities import names as variable_names
from eutectic.generators.learning.steering import SteeredSpace
from eutectic.optimizers.abilities import refusal as refused
from eutectic.optimizers.abilities import sees_rungs
from eutectic.optimizers.base import Space
from eutectic.optimizers.spaces import region
from eutectic.oracles.abilities import Bounded, Checked, Crystalline, needs, of_materials
from eutectic.oracles.base import Candidate, EngineMissing
from eutectic.oracles.user.answer import SUFFIX

CLASS = "class"
"""How the names of properties end whose values are whole numbers."""


def absences(spec: CampaignSpec, folder: Path, begun: bool) -> Iterator[Complaint]:
    """What the file names outside its parts and is not there; histories only before a campaign has begun."""
    for k, source in enumerate(() if begun else spec.sources):
        if not (folder / source.file).exists():
            path = ("history", k, "file") if isinstance(spec.history, tuple) else ("history", "file")
            yield Complaint(path, f"no such file or folder: {folder / source.file}")
    if spec.cache is not None and (reason := unusable(folder / spec.cache)):
        yield Complaint(("cache",), reason)


def crosschecks(problem: Problem) -> list[Complaint]:
    """Everything about built parts that does not fit together."""
    return [
        *_unreturned(problem),
        *_unfed(problem),
        *_aimless(problem),
        *_equalities(problem),
        *_confused(problem),
        *ladder.refusals(problem),
        *_validation(problem),
        *(complaint for k, named in enumerate(problem.oracles) for complaint in _oracle(problem, k, named)),
        *_immaterial(problem),
        *_executor(problem),
        *_stages(problem),
    ]


def _unreturned(problem: Problem) -> Iterator[Complaint]:
    """An objective or constraint that no oracle returns; an oracle that cannot tell may return anything."""
    returned = [named.oracle.properties for named in problem.oracles if named.search]
    if None in returned:
        return
    known = sorted({name for names in returned if names is not None for name in names})
    able = {*known, *(name for part in problem.spec.oracles for name in _returnable(part, problem.folder))}
    for section in ("objectives", "constraints"):
        for name in getattr(problem.spec, section):
            if name not in known:
                nearest = nearest_name(name, able)
                hint = "" if name in able else _returning(name)
                hint = hint or (f"did you mean '{nearest}'? " if nearest else "")
                yield Complaint(
                    (section, name), f"no oracle returns '{name}'; {hint}returned: {', '.join(known) or 'none'}"
                )


def _returning(name: str) -> str:
    """Which oracles that the file does not name would return a property as they are; "" for none."""
    able = [use for use in plugins.usable("oracles") if name in plugins.returned(use)]
    return f"{' or '.join(f'{{use: {use}}}' for use in able)} among the oracles would return it; " if able else ""


def _aimless(problem: Problem) -> Iterator[Complaint]:
    """Steering towards a property that no oracle returns."""
    options = problem.generator.steering if isinstance(problem.generator, SteeredSpace) else None
    returned = [named.oracle.properties for named in problem.oracles if named.search]
    if options is None or None in returned:
        return
    known = sorted({name for names in returned if names is not None for name in names})
    for name in options.aims:
        if name not in known:
            path = ("space", "engine", "steering", "aims", name)
            yield Complaint(path, unknown("property", name, known))


def _equalities(problem: Problem) -> Iterator[Complaint]:
    """A measured property that must equal a number: no measurement ever will; classes may."""
    measured = {limit.property for limit in learned(problem.spec.limits, problem.space)}
    for name, wanted in problem.spec.constraints.items():
        if wanted.min is not None and wanted.min == wanted.max and name in measured and not name.endswith(CLASS):
            message = (
                f"no measured value is exactly {wanted.min:g}: write an objective `{name}: {{target: {wanted.min:g}, "
                "tolerance: ...}`, or a window from `min` to a larger `max`"
            )
            yield Complaint(("constraints", name), message)


def _returnable(part: "OraclePart", folder: Path) -> Sequence[str]:
    """All that an oracle could return, were it asked for everything."""
    whole = plugins.build("oracles", part.model_dump(exclude_unset=True), folder)
    return whole.properties or ()


def _unfed(problem: Problem) -> Iterator[Complaint]:
    """An oracle that needs a property which no oracle before it returns."""
    before: set[str] = set()
    for k, named in enumerate(problem.oracles):
        for name in needs(named.oracle):
            if name not in before:
                nearest = nearest_name(name, before)
                hint = f"did you mean '{nearest}'? " if nearest else ""
                said = ", ".join(sorted(before)) or "none"
                message = f"'{named.name}' needs '{name}', and no oracle before it returns that; {hint}returned: {said}"
                yield Complaint(("oracles", k), message)
        if named.oracle.properties is None:
            return  # It may return anything, and so whatever is needed after it.
        before |= {*named.oracle.properties}


def _confused(problem: Problem) -> Iterator[Complaint]:
    """A property must not be called like a variable: a table could not tell them apart."""
    for section in ("objectives", "constraints"):
        for name in getattr(problem.spec, section):
            if name in {*problem.space.names, *(variable_names(problem.generator) or ())}:
                yield Complaint(
                    (section, name),
                    f"'{name}' is also a variable of the space; a property needs its own name: where the variable "
                    f"itself is meant, add the oracle {{use: variables, of: {{{name}_used: {name}}}}} and name that",
                )
            if f"{name}{SUFFIX}" in {*problem.space.names, *(variable_names(problem.generator) or ())}:
                message = f"'{name}{SUFFIX}' is a variable of the space, and also what the standard error is called"
                yield Complaint((section, name), f"{message}; rename one of them")


def _validation(problem: Problem) -> Iterator[Complaint]:
    """Whoever validates must return something wanted; an oracle outside the search must have that to do."""
    validator, wanted = problem.validator, {*problem.spec.objectives, *problem.spec.constraints}
    given = problem.spec.validation  # without a validator its options are wrong, which is said elsewhere
    for k, named in enumerate(problem.oracles):
        if not named.search and (given is None or named.name != given.oracle):
            yield Complaint(("oracles", k, "search"), f"nobody would ask '{named.name}': `validate` does not name it")
    if validator is None or validator.oracle.properties is None or wanted & {*validator.oracle.properties}:
        return
    returned = ", ".join(validator.oracle.properties) or "nothing"
    message = f"'{validator.name}' returns no objective and no constraint; it returns {returned}"
    yield Complaint(("validate", "oracle"), message)


def _oracle(problem: Problem, k: int, named: "NamedOracle") -> Iterator[Complaint]:
    """An oracle's files and options must work, and the region must lie inside its domain."""
    oracle = named.oracle
    if isinstance(oracle, Bounded):
        whole = oracle.of_crystals() if isinstance(oracle, Crystalline) and _crystalline(problem) else oracle
        refusal = whole.refuse(*_region(problem.generator, problem.space))
        if refusal:
            yield Complaint(("oracles", k), f"'{named.name}' refuses this space: {refusal}")
    if not isinstance(oracle, Checked):
        return
    try:
        oracle.check()
    except EngineMissing:
        return  # Not the file's fault: said by `require_engines`, with its cure.
    except ValueError as error:
        yield complaint_of(str(error), named.content).under(("oracles", k))


def _crystalline(problem: Problem) -> bool:
    """Does a candidate of this space come with its crystal?"""
    return not isinstance(problem.generator, Offering) and _example(problem).structure is not None


def _example(problem: Problem) -> Candidate:
    """Any candidate of the space."""
    rng = np.random.default_rng(problem.spec.seed)
    (candidate,) = problem.generator.generate(region.sample(replace(problem.space, known=None), 1, rng), rng)
    return candidate


def _immaterial(problem: "Problem") -> Iterator[Complaint]:
    """An oracle of materials, in a space whose candidates are none."""
    asking = [(k, named) for k, named in enumerate(problem.oracles) if of_materials(named.oracle)]
    if not asking or isinstance(problem.generator, Offering):
        return
    candidate = _example(problem)
    if candidate.composition or candidate.structure or "formula" in candidate.variables:
        return
    cure = uncomposed(problem.generator) or (
        "take `composition`, `sequence`, a pool of formulas or structures, or a `product` of one and `parameters`"
    )
    for k, named in asking:
        yield Complaint(
            ("oracles", k),
            f"'{named.name}' needs materials, and the candidates of this space have no composition: {cure}",
        )


def _executor(problem: Problem) -> Iterator[Complaint]:
    """An executor's options must work, and what oracles ask of machines must be what it can see to."""
    given, executor = problem.spec.executor, problem.executor
    if reason := refusal_of_options(executor):
        yield complaint_of(reason, given.model_extra).under(("executor",))
    for k, part in enumerate(problem.spec.oracles):
        if reason := refusal(executor, given.use, part.resources, problem.oracles[k].inline):
            yield complaint_of(reason, part.resources.model_dump()).under(("oracles", k, "resources"))


def _region(generator: Any, space: Space) -> tuple[Sequence[str], list[float], list[float]]:
    """Names, least and largest values as an oracle knows them: elements' fractions, other numbers as they are given."""
    if not isinstance(generator, Composed | Numbered):
        return space.names, space.lower.tolist(), space.upper.tolist()
    built = generator.element_fractions() if isinstance(generator, Composed) else {}
    counts = {
        name: (float(space.lower[j]), float(space.upper[j]))
        for j, name in enumerate(space.names)
        if space.kinds[j] == "integer"
    }
    others = generator.numbers() if isinstance(generator, Numbered) else counts
    both = {**{name: ends for name, ends in others.items() if name not in built}, **built}
    return tuple(both), [low for low, _ in both.values()], [high for _, high in both.values()]


def _stages(problem: Problem) -> Iterator[Complaint]:
    """An optimizer that cannot serve the problem, with those that can; nothing to satisfy."""
    m, c = len(problem.spec.goals), len(problem.learned)
    windows = c + sum(goal.kind == "target" and goal.tolerance > 0 for goal in problem.spec.goals)
    for k, stage in enumerate(problem.stages):
        if problem.spec.optimizers[k].goal == "satisfy" and not windows:
            message = "there is no window to satisfy: give `constraints` that must be measured, or a target's tolerance"
            yield Complaint(("optimizers", k, "goal"), message)
        reason = refused(stage.optimizer, _asked(problem), m, c)
        if reason:
            able = ", ".join(_able(problem, m, c)) or "none"
            yield Complaint(
                ("optimizers", k, "use"), f"'{stage.name}' cannot serve this: {reason}; those that can: {able}"
            )


def _asked(problem: Problem) -> Space:
    """The space as an optimizer sees it: where rows are drawn afresh for each asking, a list of them."""
    if not isinstance(problem.generator, Offering):
        return problem.space
    return replace(problem.space, table=np.stack([problem.space.lower, problem.space.upper]), known=None)


def _able(problem: Problem, m: int, c: int) -> Iterator[str]:
    """The installed optimizers that, with their defaults, take this problem; one that needs options is left out.

    So is one that sees the rungs of a ladder, where there is none.
    """
    for name in plugins.names("optimizers"):
        optimizer, complaints = plugins.examine("optimizers", {"use": name})
        fits = bool(problem.ladder.rungs) or not sees_rungs(optimizer)
        if not complaints and fits and refused(optimizer, _asked(problem), m, c) is None:
            yield name
