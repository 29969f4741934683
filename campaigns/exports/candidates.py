"""This file is candidates for programs: what is suggested, and what became of one, as JSON values."""

from collections.abc import Mapping
from dataclasses import asdict

from eutectic.campaigns.analysis.table import finite
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.record.outcomes import Outcome


def suggestion(
    outcome: Outcome, spec: CampaignSpec, instructions: Mapping[str, str], outside: bool = False
) -> dict[str, object]:
    """One candidate to evaluate, and why; predictions in natural units, null where the proposer makes none.

    outside: it lies outside the space since that was changed.
    """
    content: dict[str, object] = {
        "id": outcome.id,
        "number": outcome.number,
        "validation": outcome.status == "finished",
        "variables": dict(outcome.variables),
        "composition": dict(outcome.composition) if outcome.composition is not None else None,
        "reason": {
            "proposer": outcome.reason.proposer,
            "acquisition": outcome.reason.acquisition,
            "predicted": prediction(outcome, spec) or None,
            "feasibility": outcome.reason.feasibility,
        },
        "instructions": dict(instructions),
    }
    return {**content, **({"outside_space": True} if outside else {}), **_lease(outcome)}


def prediction(outcome: Outcome, spec: CampaignSpec) -> dict[str, tuple[float, float]]:
    """Objective -> mean and standard deviation in natural units, as the proposer predicted; empty when it did not."""
    mean, std = outcome.reason.mean, outcome.reason.std
    if mean is None or std is None:
        return {}
    return {g.name: (g.natural(mu), sigma) for g, mu, sigma in zip(spec.goals, mean, std, strict=False)}


def fate(outcome: Outcome) -> dict[str, object]:
    """What became of a candidate so far."""
    return {
        "id": outcome.id,
        "number": outcome.proposal,
        "name": outcome.name,
        "round": outcome.round_number,
        "status": outcome.status,
        "variables": dict(outcome.variables),
        "values": {name: finite(value) for name, value in outcome.values.items()},
        "errors": {name: finite(value) for name, value in outcome.errors.items()},
        "feasible": outcome.feasible,
        "failure": outcome.failure,
        "error": outcome.error,
        "measurements": [asdict(measurement) for measurement in outcome.measurements],
        "remarks": [asdict(remark) for remark in outcome.remarks],
        **_lease(outcome),
    }


def _lease(outcome: Outcome) -> dict[str, object]:
    """Who has it and until when (Unix time, s); nothing where nobody has."""
    return {} if outcome.lease is None else {"holder": outcome.lease.holder, "until": outcome.lease.until}
