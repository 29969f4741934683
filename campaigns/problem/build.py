"""This file is a campaign's parts, built and checked against each other before anything runs."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel

from eutectic.campaigns.errors import CampaignFileError, Complaint, KeyPath
from eutectic.campaigns.file import plugins
from eutectic.campaigns.file.messages import complaint_of
from eutectic.campaigns.file.sections import OptimizerPart, OraclePart, SurrogatePart
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.problem.cross_checks import absences, crosschecks
from eutectic.campaigns.problem.curves import targets
from eutectic.campaigns.problem.definition import NamedOracle, Problem, Stage
from eutectic.campaigns.problem.free import free_judge, paid
from eutectic.campaigns.problem.ladder import ladder_of
from eutectic.campaigns.problem.representations import represented
from eutectic.campaigns.problem.screening import learned, screened
from eutectic.campaigns.problem.suitability import refusal
from eutectic.generators.abilities import Offering
from eutectic.generators.base import Generator
from eutectic.optimizers.abilities import Judging, Laddered, using
from eutectic.optimizers.base import Space
from eutectic.optimizers.bayesian.satisfy import Satisfy
from eutectic.optimizers.spaces import region
from eutectic.oracles import abilities
from eutectic.oracles.abilities import Checked, Fingerprinted, Screening, Selective
from eutectic.oracles.base import EngineMissing
from eutectic.surrogates.abilities import embeds
from eutectic.surrogates.base import Surrogate
from eutectic.surrogates.composite.curve import CurveDistance
from eutectic.surrogates.composite.curve_distance import Target
from eutectic.surrogates.composite.represented import Represented


def build(spec: CampaignSpec, folder: str | Path, engines: bool = True, *, begun: bool = False) -> Problem:
    """Build every part and check them against each other; relative paths start at `folder`.

    begun: there is a record, which has what the history said, so that its files are not missed.
    CampaignFileError with everything that does not fit; with `engines`, EngineMissing when an oracle cannot run here.
    """
    folder = Path(folder).absolute()
    parts = _Parts(spec, folder)
    generator = parts.one("generators", ("space",), spec.space)
    oracles = [parts.one("oracles", ("oracles", k), part) for k, part in enumerate(spec.oracles)]
    optimizers = [parts.one("optimizers", ("optimizers", k), part) for k, part in enumerate(spec.optimizers)]
    space = parts.space(generator)
    recipes = parts.recipes(None if space is None else generator)
    executor = parts.executor()
    curves, unreadable = targets(spec, folder)
    complaints = [*parts.complaints, *absences(spec, folder, begun), *unreadable]
    if complaints or space is None:
        raise spec.refuse(complaints)
    wanted = _wanted(spec, oracles)
    named = tuple(_name(part, oracle, wanted, curves) for part, oracle in zip(spec.oracles, oracles, strict=True))
    validator = parts.validator(wanted, curves)
    parts.complaints += _unlearnable(spec, recipes, curves)
    recipes = tuple(_learning(recipe, name, curves) for recipe, name in zip(recipes, spec.outputs, strict=True))
    space = parts.screened(space, generator, named)
    unknown = learned(spec.limits, space)
    m = len(spec.goals)
    recipes = (*recipes[:m], *(r for r, limit in zip(recipes[m:], spec.limits, strict=True) if limit in unknown))
    policy = None if spec.fidelity is None else spec.fidelity.policy
    stages = tuple(
        Stage(part.use, _prepared(_aimed(optimizer, part), recipes, policy), part.evaluations)
        for part, optimizer in zip(spec.optimizers, optimizers, strict=True)
    )
    ladder = ladder_of(named, wanted)
    problem = Problem(spec, folder, generator, space, named, stages, recipes, ladder, validator, curves, executor)
    misfits = [*parts.complaints, *crosschecks(problem)] or [*_unknowable(problem)]
    if misfits:
        raise spec.refuse(misfits)
    problem = _judging(problem)
    if engines:
        require_engines(problem)
    return problem


def _unknowable(problem: Problem) -> Iterator[Complaint]:
    """Stages that are to know candidates without evaluations, where that cannot be."""
    reason = paid(problem)
    for k, stage in enumerate(problem.stages):
        if reason and isinstance(stage.optimizer, Judging):
            message = f"{stage.name} needs objectives and constraints that cost nothing; {reason}"
            yield Complaint(("optimizers", k, "use"), message)


def _judging(problem: Problem) -> Problem:
    """The problem with such stages told what candidates are worth."""
    judge = free_judge(problem)
    if judge is None:
        return problem
    stages = list[Stage]()
    for stage in problem.stages:
        optimizer = stage.optimizer
        ready = optimizer.judging(judge) if isinstance(optimizer, Judging) else optimizer
        stages.append(replace(stage, optimizer=ready))
    return replace(problem, stages=tuple(stages))


def require_engines(problem: Problem) -> None:
    """EngineMissing, with its cure, when an oracle cannot run here."""
    for named in (*problem.oracles, *([] if problem.validator is None else [problem.validator])):
        if isinstance(named.oracle, Checked):
            named.oracle.check()


@dataclass(slots=True)
class _Parts:
    """Builds parts one by one and gathers what is wrong with them."""

    spec: CampaignSpec
    folder: Path
    complaints: list[Complaint] = field(default_factory=list)

    def one(self, kind: str, path: KeyPath, section: BaseModel) -> Any:
        """The part whose section stands at `path`, or None with its complaints gathered."""
        try:
            return plugins.build(kind, section.model_dump(exclude_unset=True), self.folder)
        except CampaignFileError as error:
            self.complaints += [complaint.under(path) for complaint in error.complaints]
            return None

    def validator(self, wanted: Sequence[str], curves: Mapping[str, Target]) -> NamedOracle | None:
        """The oracle of `validate` with its own options, or None; gathers complaints about these."""
        given = self.spec.validation
        if given is None:
            return None
        part = next(part for part in self.spec.oracles if part.called == given.oracle)
        changed = OraclePart.model_validate({**part.model_dump(exclude_unset=True), **given.options})
        oracle = self.one("oracles", ("validate", "options"), changed)
        return None if oracle is None else _name(changed, oracle, wanted, curves)

    def executor(self) -> Any:
        """Where evaluations run, or None with what is wrong gathered."""
        given = self.spec.executor
        try:
            content = {"use": given.use, **(given.model_extra or {})}
            return plugins.build("executors", content, self.folder)
        except CampaignFileError as error:
            self.complaints += [complaint.under(("executor",)) for complaint in error.complaints]
            return None

    def recipes(self, generator: Any) -> tuple[Surrogate, ...]:
        """One surrogate an output (m + c): its own, else the default, else a Gaussian process.

        Each over its representation of the generator's space; without a generator they are only checked.
        """
        default = self.spec.surrogates.get("default", SurrogatePart(use="gp"))
        outputs = self.spec.outputs
        keys = {name: name if name in self.spec.surrogates else "default" for name in outputs}
        built = {
            key: self.recipe(("surrogates", key), self.spec.surrogates.get(key, default), generator)
            for key in dict.fromkeys(keys.values())
        }
        return tuple(built[keys[name]] for name in outputs)

    def recipe(self, path: KeyPath, section: SurrogatePart, generator: Any) -> Any:
        """A surrogate over its representation, or None with its complaints gathered."""
        recipe = self.one("surrogates", path, section)
        if recipe is None or generator is None:
            return recipe
        try:
            made = represented(recipe, section.model_dump(exclude_unset=True), generator)
        except CampaignFileError as error:
            self.complaints += [complaint.under(path) for complaint in error.complaints]
            return None
        if reason := refusal(made, generator.space):
            self.complaints.append(complaint_of(reason, section.model_extra).under(path))
        return made

    def space(self, generator: Any) -> Space | None:
        """The generator's space, or None with the reason gathered."""
        if generator is None:
            return None
        try:
            space: Space = generator.space
            region.require_nonempty(space)
            region.sample(space, 1, np.random.default_rng(0))
        except (OverflowError, MemoryError):
            self.complaints.append(Complaint(("space",), "some of its numbers are too large to count with"))
            return None
        except ValueError as error:
            self.complaints.append(complaint_of(str(error), self.spec.space.model_extra).under(("space",)))
            return None
        return space

    def screened(self, space: Space, generator: Generator, oracles: Sequence[NamedOracle]) -> Space:
        """The space with constraints on screened properties as known ones; gathers a complaint when none is left."""
        narrowed = space
        for named in oracles:
            narrowed = screened(narrowed, generator, named.oracle, self.spec.limits)
        try:
            if narrowed is not space and not isinstance(generator, Offering):
                region.sample(narrowed, 1, np.random.default_rng(self.spec.seed))
        except ValueError as error:
            screening = (named.oracle for named in oracles if isinstance(named.oracle, Screening))
            screens = {name for oracle in screening for name in oracle.properties or ()}
            limits = ", ".join(str(limit) for limit in self.spec.limits if limit.property in screens)
            self.complaints.append(Complaint(("constraints",), f"{limits}: {error}"))
        return narrowed


def _wanted(spec: CampaignSpec, oracles: Sequence[Any]) -> list[str]:
    """The properties anybody wants: objectives, constraints, and what oracles need of each other."""
    wanted = list(dict.fromkeys([*spec.objectives, *spec.constraints]))
    for oracle in oracles:
        wanted += [name for name in abilities.needs(oracle) if name not in wanted]
    return wanted


def _learning(recipe: Any, name: str, curves: Mapping[str, Target]) -> Any:
    """The recipe of an output; of a distance to a curve one that learns the curve."""
    return CurveDistance(recipe, curves[name]) if name in curves else recipe


def _unlearnable(spec: CampaignSpec, recipes: Sequence[Any], curves: Mapping[str, Target]) -> Iterator[Complaint]:
    """Wanted curves whose surrogate cannot learn their components."""
    for name, recipe in zip(spec.outputs, recipes, strict=True):
        inner = recipe.recipe if isinstance(recipe, Represented) else recipe
        if name in curves and not embeds(inner):
            own = name if name in spec.surrogates else "default"
            able = ", ".join(use for use in plugins.usable("surrogates") if embeds(plugins.load("surrogates", use)))
            message = f"'{spec.surrogates[own].use}' cannot learn the curve '{name}'; those that can: {able}"
            yield Complaint(("surrogates", own, "use"), message)


def _aimed(optimizer: Any, part: OptimizerPart) -> Any:
    """The optimizer with its stage's goal."""
    return Satisfy(optimizer, part.use) if part.goal == "satisfy" else optimizer


def _prepared(optimizer: Any, recipes: Sequence[Surrogate], policy: str | None) -> Any:
    """The optimizer with its surrogates, and where there is a ladder, the one that serves it in its place."""
    ready = using(optimizer, recipes)
    return ready.for_ladder(policy == "multifidelity") if policy and isinstance(ready, Laddered) else ready


def _fingerprint(oracle: Any) -> str:
    """Hash of the oracle's files, empty where it has none or they cannot be read."""
    try:
        return oracle.fingerprint() if isinstance(oracle, Fingerprinted) else ""
    except (ValueError, EngineMissing):
        return ""  # said by the cross-checks and `require_engines`, with its cure


def _hash(depends: Sequence[object]) -> str:
    """SHA-256 of what values depend on."""
    return hashlib.sha256(json.dumps(depends, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _name(part: OraclePart, oracle: Any, wanted: Sequence[str], curves: Mapping[str, Target]) -> NamedOracle:
    options = {"use": part.use, **(part.model_extra or {})}
    plain: list[object] = [options, _fingerprint(oracle)]
    returned = {name: t.digest for name, t in curves.items() if name in (oracle.properties or curves)}
    depends = [*plain, returned] if returned else plain
    only = [name for name in wanted if name in (oracle.properties or ())]
    revisions = {n: r for n, r in abilities.revisions(oracle).items() if n in only}
    numbers = {"revisions": {name: revision.number for name, revision in revisions.items()}}
    changes = "; ".join(f"'{name}' {revision.change}" for name, revision in revisions.items())
    selective = bool(only) and isinstance(oracle, Selective)
    return NamedOracle(
        name=part.called,
        use=part.use,
        oracle=oracle.only(only) if selective else oracle,
        content={**options, "only": only} if selective else options,
        settings_hash=_hash([*depends, numbers] if revisions else depends),
        earlier={_hash(depends): changes} if revisions else {},
        inline=abilities.inline(oracle),
        cost=part.cost,
        search=part.search,
        resources=part.resources,
        plain_hash=_hash([*plain, numbers] if revisions else plain),
    )
