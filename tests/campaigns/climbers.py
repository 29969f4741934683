"""Problems and outcomes by hand, for tests of what is decided on the way through the oracles; nothing runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.problem.definition import NamedOracle, Problem
from eutectic.campaigns.problem.ladder import ladder_of
from eutectic.campaigns.record.outcomes import Gate, Outcome
from eutectic.optimizers.base import Reason
from eutectic.oracles.base import Evaluation


@dataclass(frozen=True)
class Sayer:
    """An oracle that is never asked."""

    properties: tuple[str, ...] | None
    needs: tuple[str, ...] = ()
    waits: bool = False


def named(name: str, *properties: str, inline: bool = False, search: bool = True, **other: Any) -> NamedOracle:
    """An oracle in the campaign; without properties, one that cannot tell."""
    oracle = Sayer(properties or None, **other)
    return NamedOracle(name, "python", oracle, {}, f"hash-{name}", inline, search=search)  # type: ignore[arg-type]


def problem(*oracles: NamedOracle, seed: int = 1, **sections: object) -> Problem:
    """A problem of objectives a and b (or as given) and these oracles, two rungs where they share a property."""
    content: dict[str, object] = {
        "name": "climb",
        "seed": seed,
        "space": {"use": "parameters", "variables": {"x": {"low": 0, "high": 1}}},
        "objectives": {"a": "minimize"},
        "oracles": [{"name": o.name, "use": "python", "function": "m:f"} for o in oracles],
        "optimizers": [{"use": "sobol"}],
        "budget": {"evaluations": 8},
        **sections,
    }
    spec = CampaignSpec.from_content(content)
    wanted = [*(goal.name for goal in spec.goals), *(limit.property for limit in spec.limits)]
    parts: Any = None
    return Problem(spec, Path(), parts, parts, oracles, (), (), ladder_of(oracles, wanted))


def said(oracle: str, values: Mapping[str, float], rung: int = 0, **other: Any) -> Evaluation:
    """What an oracle said on a rung."""
    return Evaluation("id", oracle, values, fidelity=float(rung), **other)


def outcome(
    number: int = 1,
    *evaluations: Evaluation,
    rung: int = 0,
    until: int = 0,
    index: int = 0,
    gates: Sequence[Gate] = (),
    status: Any = "running",
) -> Outcome:
    """An outcome of which this was said."""
    values = {name: v for e in evaluations if e.status == "finished" for name, v in e.values.items()}
    return Outcome(
        number, f"{number:016x}", index, status, (0.1,), {"x": 0.1}, None, values, {}, (), (), False, Reason("sobol"),
        "sobol", evaluations=tuple(evaluations), rung=rung, until=until, gates=tuple(gates),
    )  # fmt: skip
