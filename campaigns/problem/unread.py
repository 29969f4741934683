"""This file is the variables that no oracle reads: searched in vain, and said before the run."""

from eutectic.campaigns.problem.definition import NamedOracle, Problem
from eutectic.generators.product import Product
from eutectic.oracles.abilities import Ignoring, of_materials
from eutectic.oracles.user.variables import Variables


def unread(problem: Problem) -> str:
    """The note that names variables beside the material which nobody looks at; "" where somebody may look at each.

    Oracles of materials read composition, structure and conditions; a user's own may read anything.
    """
    searching = [named for named in problem.oracles if named.search]
    if not isinstance(problem.generator, Product) or any(_reads(named, "") for named in searching):
        return ""
    beside = [name for part in problem.generator.pieces if not part.composed for name in part.names.values()]
    found = [name for name in beside if not any(_reads(named, name) for named in searching)]
    if not found:
        return ""
    names, oracles = ", ".join(found), ", ".join(f"'{named.name}'" for named in searching)
    return (
        f"no oracle reads {names}: {oracles} answer alike whatever it is; take it out of the space, or add "
        "an oracle that depends on it"
    )


def _reads(named: NamedOracle, variable: str) -> bool:
    """May its values depend on a variable beside the material? "" stands for one that nobody has heard of."""
    if isinstance(named.oracle, Variables):
        return any(variable in terms for terms in named.oracle.terms.values())
    if not of_materials(named.oracle):
        return True
    looks = isinstance(named.oracle, Ignoring) and variable not in named.oracle.ignores
    return looks and variable in CONDITIONS


CONDITIONS = ("temperature_k", "pressure_gpa")
"""What an oracle of materials looks at, or refuses unless it is told to ignore it."""
