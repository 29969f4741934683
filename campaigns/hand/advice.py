"""This file is what a refusal of something told advises, in the words of the command and of Python."""

from collections.abc import Collection

from eutectic.campaigns.errors import unknown
from eutectic.campaigns.problem.definition import Problem
from eutectic.generators import abilities

REPEAT = "another measurement of it: --repeat (in Python `repeat=True`)"
ADD = "--add (in Python `add`)"
CORRECT = "--correct (in Python `correct`)"
VALIDATION = "; what came out when it was validated: --validation (in Python `tell_validation`)"


def no_property(problem: Problem, name: str, known: Collection[str]) -> str:
    """The sentence for what nobody can have measured: a variable, which is chosen, or a name that nobody knows."""
    return no_measurement(problem, name) or unknown("property", name, known)


def no_measurement(problem: Problem, name: str) -> str:
    """What is said of a variable that is told as if it were measured; "" of anything else."""
    generator = problem.generator
    listed = abilities.materials(generator)
    own = {*(listed[0].variables if listed else ()), *(abilities.names(generator) or ()), *problem.space.names}
    if name not in own - {*abilities.contexts(generator)}:
        return ""
    return (
        f"{name} is a variable of the space, no property: it is chosen, not measured; a sample that was made otherwise "
        f"is another one: give this one back (`return`) and add the other, {ADD}"
    )
