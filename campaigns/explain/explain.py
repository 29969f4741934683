"""This file is how a campaign is explained: its surrogates asked, candidate by candidate and property by property."""

import builtins
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from eutectic.campaigns.analysis.explanation import Counterfactual, Curve, Explained, Explanation, Ranking, Said, Swarm
from eutectic.campaigns.analysis.labels import number
from eutectic.campaigns.analysis.leaning import bare, leanings
from eutectic.campaigns.analysis.pareto import front
from eutectic.campaigns.analysis.summary import described, title
from eutectic.campaigns.errors import CampaignFileError, Complaint, unknown
from eutectic.campaigns.explain.beyond import beyond
from eutectic.campaigns.explain.models import (
    LEAST,
    Learned,
    SearchRegion,
    Threshold,
    alike,
    inputs_of,
    inside,
    known_units,
    learned,
    search_region,
    threshold_of,
)
from eutectic.campaigns.problem.build import build
from eutectic.campaigns.problem.representations import rows_of_space
from eutectic.campaigns.record.outcomes import Ledger, Outcome
from eutectic.generators.abilities import remarks
from eutectic.generators.base import Generator
from eutectic.optimizers.base import Array, Space, active, veiled
from eutectic.surrogates.explain.counterfactuals import nearest_beyond
from eutectic.surrogates.explain.formulas import equations_of, fitted_equation
from eutectic.surrogates.explain.importance import POINTS, dependence, lasso, permutation
from eutectic.surrogates.explain.inputs import Inputs
from eutectic.surrogates.explain.shapley import EXACT, PERMUTATIONS, shapley

ROWS = 40
"""Evaluated candidates whose SHAP values are computed, the front's among them."""
FRONT = 40
"""Candidates of the front among them at most, evenly spaced."""
OTHERS = 12
"""Other candidates among them at least, so that rankings do not speak of the front alone."""
CANDIDATES = 12
"""Candidates of the front that get counterfactuals, evenly spaced."""
BACKGROUND = (6, 32)
"""Fewest and most evaluated candidates that stand for what is not known."""
PREDICTIONS = 120_000
"""Predictions spent on a property's SHAP values, with up to 100 evaluations learned; fewer beyond."""
SEEN = 0.25
"""Share of the candidates in which a pair must have been looked at for its mean to be given."""
ALONG = 4_000
"""Predictions spent on a property's partial dependence."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What `campaign explain` was asked for."""

    property: str | None = None
    """This property alone."""
    candidate: str | None = None
    """This candidate alone, by number or the beginning of its id."""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    """Property -> value to reach, in its unit."""

    @builtins.property
    def whole(self) -> bool:
        """Is everything wanted?"""
        return self.property is None and self.candidate is None


def explain(ledger: Ledger, wanted: Wanted | None = None, heard: Callable[[str], None] | None = None) -> Explanation:
    """Explain a campaign from its ledger alone; CampaignFileError for a property or candidate it does not have.

    `heard` is told what is being done.
    """
    wanted, heard = wanted or Wanted(), heard or _unheard
    heard("fitting the surrogates")
    problem = build(ledger.spec, Path(str(ledger.facts.get("source", "."))), engines=False, begun=True)
    found = learned(ledger, problem)
    _require(wanted, [one.name for one in found] or [goal.name for goal in ledger.spec.goals])
    shown = _shown(ledger, wanted.candidate)
    space, whole = problem.space, _shown(ledger, None)
    asked = _Asked(ledger, space, problem.generator, inputs_of(space), shown, whole, _orders(ledger, space))
    if not found:
        note = f"Fewer than {LEAST} evaluations to learn from: nothing to explain yet."
        return asked.explanation((), (note, *_axes(problem.generator, wanted)))
    rng = np.random.default_rng([ledger.spec.seed, len(ledger.finished)])
    around = search_region(problem.space, rng) if shown else None
    made = []
    for k, one in [(k, one) for k, one in enumerate(found) if wanted.property in (None, one.name)]:
        heard(one.name if wanted.property else f"{one.name}, {k + 1} of {len(found)}")
        aim = threshold_of(ledger, one, wanted.thresholds)
        made.append(asked.explained(one, found, around, aim, _source(ledger, k)))
    notes = (*_notes(ledger, shown, wanted), *_axes(problem.generator, wanted))
    everything = asked.explanation(tuple(made), notes)
    best = front(ledger) if wanted.whole else []
    return replace(everything, leanings=beyond(problem.space, best, found, leanings(ledger, best)))


def _orders(ledger: Ledger, space: Space) -> dict[tuple[int, int], str]:
    """Column and whole number -> label, of what the record holds of ordered categories."""
    whole = [(j, name) for j, name in enumerate(space.names) if space.kinds[j] == "integer"]
    seen = [(j, o.x[j], o.variables.get(name)) for o in ledger.outcomes if len(o.x) == space.d for j, name in whole]
    return {(j, round(x)): value for j, x, value in seen if isinstance(value, str)}


def _unheard(text: str) -> None:
    """Nobody listens."""
    del text


def _source(ledger: Ledger, output: int) -> np.random.Generator:
    """Randomness of one output's own, so that its numbers are the same whatever else is asked for."""
    return np.random.default_rng([ledger.spec.seed, len(ledger.finished), output])


def _require(wanted: Wanted, known: Sequence[str]) -> None:
    """Every property that was named must be one that a surrogate predicts."""
    for name in filter(None, [wanted.property, *wanted.thresholds]):
        if name not in known:
            raise CampaignFileError([Complaint((), unknown("property", name, known))])


def _shown(ledger: Ledger, named: str | None) -> list[Outcome]:
    """The candidates explained one by one: the front, or the one that is named."""
    if named is None:
        best = [o for o in front(ledger) if o.x and not o.aside]
        return _spaced(best, FRONT)
    text = named.lstrip("#")
    mine = [
        o
        for o in ledger.finished
        if not o.aside and (text in (str(o.number), o.name) or (len(text) >= 4 and o.id.startswith(text)))
    ]
    if not mine:
        known = [o.name.removeprefix("#") for o in ledger.finished]
        raise CampaignFileError([Complaint((), unknown("candidate", named, known))])
    return mine[:1]


def _notes(ledger: Ledger, shown: Sequence[Outcome], wanted: Wanted) -> tuple[str, ...]:
    """What the reader should know of what is left out."""
    if wanted.candidate is not None:
        return ()
    size = len(front(ledger))
    if not shown:
        return ("No evaluated candidate is feasible, so none is explained alone.",)
    those = "all" if len(shown) == size else f"{len(shown)}, evenly spaced,"
    told = f"SHAP values and waterfalls: {those} of the front's {size} candidates"
    return (f"{told}; counterfactuals: {CANDIDATES} of them, evenly spaced.",) if len(shown) > CANDIDATES else ()


def _axes(generator: Generator, wanted: Wanted) -> tuple[str, ...]:
    """What the space says of its variables, such as what moves along each latent coordinate."""
    return tuple(remarks(generator)) if wanted.whole else ()


def _spaced(outcomes: Sequence[Outcome], count: int) -> list[Outcome]:
    """Up to `count` of them, evenly spaced."""
    places = np.linspace(0, len(outcomes) - 1, min(len(outcomes), count)).round()
    return [outcomes[int(i)] for i in places]


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """One campaign being explained."""

    ledger: Ledger
    space: Space
    generator: Generator
    inputs: Inputs
    shown: Sequence[Outcome]
    """Explained one by one."""
    best: Sequence[Outcome]
    """Of the front, what is explained where nobody is named."""
    orders: Mapping[tuple[int, int], str]
    """Column and whole number -> the label of an ordered category that it stands for."""

    def explained(
        self,
        one: Learned,
        every: Sequence[Learned],
        around: SearchRegion | None,
        aim: Threshold,
        rng: np.random.Generator,
    ) -> Explained:
        """Everything about one property."""
        swarm = self.swarm(one, rng)
        rise, error = permutation(one.mean, one.X, one.y, self.inputs, rng)
        weight = lasso(one.X, one.y, self.inputs)
        size = np.abs(np.array(swarm.values[: len(self.common_rows())])).mean(0)
        ranking = Ranking(_plain(size), _plain(rise), _plain(error), _plain(weight))
        some = () if around is None else _spaced(self.shown, CANDIDATES)
        changes = tuple(self.change(one, every, o, around, aim, rng) for o in some if around is not None)
        distances = {goal.name: goal.distance for goal in self.ledger.spec.goals}
        about = (self.formulas(one), self.curves(one), aim.text, changes, distances.get(one.name, ""))
        return Explained(one.name, swarm, ranking, *about)

    def swarm(self, one: Learned, rng: np.random.Generator) -> Swarm:
        """SHAP values of the candidates explained alone and of others, evenly spaced over the campaign."""
        outcomes, d = self.common_rows(), self.inputs.d
        X = veiled(self.space, np.array([o.x for o in outcomes], dtype=float))
        sets = 2**d if d <= EXACT else 2 * PERMUTATIONS * (d + 1) + 144
        most = PREDICTIONS * min(1.0, 100 / len(one.X)) / (sets * len(X))
        behind = _thinned(one.X, int(np.clip(most, *BACKGROUND)))
        found = shapley(one.mean, X, behind, self.inputs, rng)
        sizes = np.abs(found.interactions)
        known = np.isfinite(sizes)
        enough = known.mean(0) >= SEEN
        pairs = np.where(enough, np.where(known, sizes, 0).sum(0) / np.maximum(known.sum(0), 1), np.nan)
        others = [o for o in self.shown if o.number not in {known.number for known in outcomes}]
        values = found.values
        if others:  # after the rest, which says the same whoever is named
            apart = veiled(self.space, np.array([o.x for o in others], dtype=float))
            own = shapley(one.mean, apart, behind, self.inputs, rng)
            values = np.concatenate([values, own.values])
        return Swarm(
            base=found.base,
            numbers=tuple(o.number for o in (*outcomes, *others)),
            predicted=_plain(found.base + values.sum(1)),
            values=tuple(_plain(row) for row in values),
            interactions=tuple(_nullable(row) for row in pairs),
            background=len(behind),
            exact=d <= EXACT,
        )

    def explained_rows(self) -> list[Outcome]:
        """Outcomes whose SHAP values are computed, by number."""
        chosen = {o.number: o for o in (*self.common_rows(), *self.shown)}
        return [chosen[k] for k in sorted(chosen)]

    def common_rows(self) -> list[Outcome]:
        """The same whoever is named: the front's and others, by number; what is said of all follows from them."""
        chosen = {o.number: o for o in self.best}
        rest = [o for o in self.ledger.finished if o.number not in chosen and not o.aside]
        chosen |= {o.number: o for o in _spaced(rest, max(ROWS - len(chosen), OTHERS))}
        return [chosen[k] for k in sorted(chosen)]

    def formulas(self, one: Learned) -> tuple[Said, ...]:
        """The surrogate's own, one a task, or small ones, one for all candidates with the same active variables."""
        points = rows_of_space(self.space)()
        found = equations_of(one.fitted, one.sign, one.shift, one.X, one.signed, points)
        told = [(equation, self.task(equation.task)) for equation in found]
        if not found:
            cases = alike(self.space, self.inputs, one.X)
            small = [(fitted_equation(one.X[rows], one.y[rows], own, points), where) for rows, own, where in cases]
            told = [(equation, where) for equation, where in small if equation is not None]
        return tuple(
            Said(
                f.text, f.latex, where, f.rmse, f.left_out, f.right, f.own, f.low, f.high, f.undefined,
                f.ranges, known_units(one, f.coefficients), self.codes(f.text),
            )
            for f, where in told
        )  # fmt: skip

    def codes(self, text: str) -> str:
        """`grain: coarse 0, fine 1`: the numbers of the ordered categories that a formula's text names."""
        told = []
        for j in sorted({j for j, _ in self.orders}):
            name = self.space.names[j]
            if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text):
                labels = ", ".join(f"{self.orders[k]} {k[1]}" for k in sorted(self.orders) if k[0] == j)
                told.append(f"{name}: {labels}")
        return "; ".join(told)

    def task(self, task: tuple[str, float] | None) -> str:
        """`q = water`: the task a formula holds for; empty for all."""
        if task is None:
            return ""
        name, value = task
        at = self.value(self.space.names.index(name), value) if name in self.space.names else value
        return f"{name} = {at if isinstance(at, str) else number(at)}"

    def curves(self, one: Learned) -> tuple[Curve, ...]:
        """Partial dependence along every variable that varies."""
        rows = _thinned(one.X, int(np.clip(ALONG // (POINTS * self.inputs.d), 6, 24)))
        made = []
        for j, name in enumerate(self.inputs.names):
            if j in self.space.nuisance:
                continue
            found = dependence(one.moments, rows, j, self.inputs, lambda Z: inside(self.space, Z))
            own = bare(name)
            if len(found.x) > 1 and np.isfinite(found.mean).any():
                x = tuple(self.value(j, float(v)) for v in found.x)
                made.append(Curve(own, x, _nullable(found.mean), _nullable(found.std)))
        return tuple(made)

    def change(
        self, one: Learned, every: Sequence[Learned], outcome: Outcome, around: SearchRegion, aim: Threshold,
        rng: np.random.Generator,
    ) -> Counterfactual:  # fmt: skip
        """The smallest change that carries a candidate's property over its threshold."""
        x = veiled(self.space, np.array([outcome.x], dtype=float))[0]
        now = float(one.mean(x[None])[0])
        nothing = (None, None, None, None, None)
        if aim.lacking(np.array([now]))[0] <= 0:
            return Counterfactual(outcome.number, now, True, *nothing, {})
        snap = None if around.listed is not None or self.space.table is not None else around.snap
        pool = around.near(x, rng) if snap is None else np.concatenate([around.near(x, rng), around.snap(one.X)])
        if self.space.nuisance:  # what is drawn has the descriptors it has: another one is another draw
            snap, pool = None, one.X
        found = nearest_beyond(lambda Z: aim.lacking(one.mean(Z)), x, pool, self.inputs, snap, rng)
        if found.x is None:
            return Counterfactual(outcome.number, now, False, *nothing, {})
        mean, std = (float(v[0]) for v in one.moments(found.x[None]))
        others = {o.name: float(o.mean(found.x[None])[0]) for o in every if o is not one}
        reached = found.x.copy()
        reached[list(self.space.nuisance)] = np.array(outcome.x)[list(self.space.nuisance)]  # no change of anything
        there = (self.named(reached), found.distance, mean, std, aim.chance(mean, std))
        return Counterfactual(outcome.number, now, False, *there, others, self.row(found.x, rng))

    def row(self, x: Array, rng: np.random.Generator) -> str:
        """Which row of a finite list, or which draw it is, where its features alone do not say so; "" elsewhere."""
        if self.space.nuisance:
            finished = [o for o in self.ledger.finished if len(o.x) == self.space.d]
            same = (veiled(self.space, np.array([o.x for o in finished], dtype=float)) == x).all(1)
            drawn = next((finished[k] for k in np.flatnonzero(same)), None)
            return f"{described(drawn.variables, drawn.composition)} ({drawn.name})" if drawn is not None else ""
        if self.space.table is None:
            return ""
        candidate = self.generator.generate(x[None], rng)[0]
        if set(candidate.variables) <= set(self.space.names):
            return ""
        evaluated = next((f" ({o.name})" for o in self.ledger.finished if o.id == candidate.id), "")
        return described(candidate.variables, candidate.composition) + evaluated

    def named(self, x: Array) -> dict[str, float | str | None]:
        """A row's variables, None where one is not active."""
        there = active(self.space, x[None])[0]
        return {bare(n): self.value(j, float(x[j])) if there[j] else None for j, n in enumerate(self.space.names)}

    def value(self, column: int, x: float) -> float | str:
        """A coordinate in natural units, a category as its label, ordered ones as far as any was proposed."""
        if self.space.kinds[column] == "categorical":
            return self.space.categories[column][round(x)]
        name = self.space.names[column]
        if bare(name) != name:
            return float(f"{10.0**x:.6g}")
        return self.orders.get((column, round(x)), x) if self.space.kinds[column] == "integer" else x

    def explanation(self, properties: tuple[Explained, ...], notes: tuple[str, ...]) -> Explanation:
        """The whole."""
        rows = self.explained_rows() if properties else list(self.shown)
        return Explanation(
            evaluations=len(self.ledger.finished),
            variables=tuple(map(bare, self.inputs.names)),
            compositions=tuple(tuple(self.inputs.names[j] for j in group) for group in self.inputs.groups),
            rows={o.number: self.named(np.array(o.x)) for o in rows},
            titles={o.number: title(o) for o in rows},
            names={o.number: o.name for o in rows},
            front=tuple(o.number for o in self.shown),
            properties=properties,
            notes=notes,
        )


def _thinned(X: Array, count: int) -> Array:
    """Up to `count` rows of X (n, d), evenly spaced."""
    places = np.linspace(0, len(X) - 1, min(len(X), count)).round().astype(int)
    rows: Array = X[places]
    return rows


def _plain(values: Array) -> tuple[float, ...]:
    return tuple(float(v) for v in values)


def _nullable(values: Array) -> tuple[float | None, ...]:
    return tuple(float(v) if np.isfinite(v) else None for v in values)
