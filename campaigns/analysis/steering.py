"""This file is what a campaign's record teaches the engine that draws its crystals: experience, weights, and a word."""

import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eutectic.campaigns.problem.definition import Problem
from eutectic.campaigns.record.outcomes import Ledger, Outcome
from eutectic.generators.learning.checkpoints import ENDING
from eutectic.generators.learning.steering import Experience, SteeredSpace, Steering, of_campaign

if TYPE_CHECKING:
    from pymatgen.core import Structure

FOLDER = "generator"
"""Of a campaign's folder, where steered weights are kept; they can be made again from the record."""
RELAXED = "relaxed.cif"
"""What an evaluation's artifact with the relaxed structure is called."""
DIGITS = 64
"""Of the hash that steered weights are called by."""


def taught(problem: Problem, ledger: Ledger) -> tuple[Any, list[str]]:
    """The generator with its weights as the record has moved them, and what is to be said of that.

    A function of the record and the seed; ValueError where the weights that it begins with are gone or damaged.
    """
    generator: Any = problem.generator
    options = generator.steering if isinstance(generator, SteeredSpace) else None
    if options is None:
        return generator, []
    finished = ended(ledger)
    if len(finished) < options.every:
        return generator, [f"weights are steered after {options.every} finished candidates, {len(finished)} so far"]
    folder = Path(ledger.folder) / FOLDER
    before = {path.name for path in folder.glob("*.json")}
    start = time.perf_counter()
    learned = generator.learned(experience(finished, options), problem.spec.seed, folder)
    spent = time.perf_counter() - start
    _prune(folder, {Path(engine.weights).name for engine in learned.updates})
    card = learned.updates[-1].card()["steering"]
    after = f"weights steered by {card['experience']} finished candidates ({options.mode})"
    if len({path.name for path in folder.glob("*.json")} - before) == 0:
        return learned, [after]
    taught_by = (
        f"retrained on {card['learned_from']} crystals" if card["learned_from"] else "nothing worth learning yet"
    )
    return learned, [f"{after}: {taught_by}, {spent:.1f} s"]


def _prune(folder: Path, named: set[str]) -> None:
    """Remove weights that the record names no more, such as those of before a correction; what is not ours stays."""
    for path in folder.glob(f"*{ENDING}"):
        if path.name not in named and len(path.stem) == DIGITS and not set(path.stem) - set("0123456789abcdef"):
            for own in (path, path.with_name(f"{path.stem}.card.json")):
                own.unlink(missing_ok=True)


def ended(ledger: Ledger) -> list[Outcome]:
    """Crystals whose fate is settled, in the journal's order; a fault of the machines says nothing of a crystal."""
    own = [o for o in ledger.outcomes if o.finished_at is not None and not o.aside and o.structure is not None]
    own = [o for o in own if o.failure != "infrastructure"]
    return sorted(own, key=lambda o: (o.ended_by, o.number))


def experience(finished: list[Outcome], options: Steering) -> list[Experience]:
    """What they teach: each as it was relaxed, where an oracle tells that, with its reward."""
    if options.aims:
        rewards = [options.reward(o.values if o.status == "finished" else None) for o in finished]
    else:
        losses = np.array([_numbers(o, o.losses) for o in finished])
        excess = np.array([_numbers(o, o.excess) for o in finished])
        rewards = [float(r) for r in of_campaign(losses, excess, options)]
    made = [_structure(o) for o in finished]
    return [
        Experience(o.id, crystal.as_dict(), str(crystal.composition.reduced_formula), reward)
        for o, crystal, reward in zip(finished, made, rewards, strict=True)
    ]


def _numbers(outcome: Outcome, numbers: tuple[float, ...]) -> list[float]:
    """Nothing of what did not finish counts."""
    return [x if outcome.status == "finished" else np.nan for x in numbers]


def _structure(outcome: Outcome) -> "Structure":
    """As the last evaluation that tells it has relaxed it, otherwise as it was proposed."""
    from pymatgen.core import Structure

    texts = [e.artifacts[RELAXED] for e in outcome.evaluations if e.status == "finished" and RELAXED in e.artifacts]
    if texts:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that thirds were written with finitely many digits
            return Structure.from_str(texts[-1], fmt="cif", primitive=True)
    assert outcome.structure is not None
    return Structure.from_dict(dict(outcome.structure))
