"""This file is what engines have drawn already, so that nothing is drawn twice while a process lives."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import asdict

from eutectic.generators.structures.conditions import Conditions
from eutectic.generators.structures.generated import GeneratedStructure, Refusal, StructureGenerator

Answer = GeneratedStructure | Refusal
KEPT = 20_000
"""Answers kept, the latest; a crystal of ten atoms takes about a kilobyte."""
_ANSWERS: OrderedDict[tuple[str, str, int], Answer] = OrderedDict()


def made(engine: StructureGenerator, conditions: Sequence[Conditions], draws: Sequence[int]) -> list[Answer]:
    """The engine's answers, one a pair, in order; those that are not remembered are drawn in one go."""
    identity = engine.checkpoint
    keys = [(identity, repr(asdict(c)), draw) for c, draw in zip(conditions, draws, strict=True)]
    missing = {key: i for i, key in enumerate(keys) if key not in _ANSWERS}
    places = list(missing.values())
    answers = engine.draw([conditions[i] for i in places], [draws[i] for i in places]) if places else []
    fresh = dict(zip(missing, answers, strict=True))
    found = [fresh[key] if key in fresh else _ANSWERS[key] for key in keys]
    _ANSWERS.update(fresh)
    while len(_ANSWERS) > KEPT:
        _ANSWERS.popitem(last=False)
    return found
