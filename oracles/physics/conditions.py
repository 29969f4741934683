"""This file is variables of a space that are conditions, such as a temperature: an oracle uses them or says so."""

import re
from collections.abc import Collection, Iterable

CONDITION = re.compile(
    r"^(temperature|temp|t|pressure|p|(magnetic_|electric_)?field|ph|potential|voltage"
    r"|strain|stress|strain_rate|humidity|relative_humidity|wavelength|frequency)(_[a-z0-9_]+)?$"
)
"""Names, in lower case, of what a material is measured at."""
UNITS = "k c degc celsius kelvin pa mpa gpa bar kbar atm v t tesla"
PLAIN = {"t", "p"}
"""Names that are conditions with a unit only, as in `t_k`."""


def ignored(
    variables: Iterable[str], used: Collection[str], ignores: Collection[str], oracle: str, why: str
) -> str | None:
    """The sentence that says which condition among the variables the oracle would not look at, or None.

    `used`: those that it reads; `ignores`: those that the user says its values do not depend on; `why` ends the
    sentence with what it computes at, and how to make it read the variable.
    """
    for name in variables:
        words = name.lower()
        unit = words.partition("_")[2]
        bare = words.split("_")[0] in PLAIN and unit not in UNITS.split()
        if name in used or name in ignores or bare or not CONDITION.match(words):
            continue
        return f"{oracle} would not look at {name}: {why}; if its values do not depend on that, ignores: [{name}]"
    return None
