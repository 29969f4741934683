"""This file is how names are shown: `bulk_modulus_gpa` as `Bulk modulus (GPa)`, and any text as a legal MLflow name."""

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from eutectic.campaigns.analysis.units import read
from eutectic.campaigns.file.goals import Goal


def aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell, the first to the left, the rest to the right."""
    lines = [tuple(head), *map(tuple, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join("  ".join(_padded(line, widths)).rstrip() for line in lines)


def _padded(line: Sequence[str], widths: Sequence[int]) -> list[str]:
    """Cells filled up to their columns' widths."""
    pairs = list(zip(line, widths, strict=True))
    return [pairs[0][0].ljust(pairs[0][1]), *(text.rjust(width) for text, width in pairs[1:])]


WORDS = {
    "hhi": "HHI", "vec": "VEC", "usfe": "USFE", "dft": "DFT", "md": "MD", "ph": "pH", "co2": "CO₂", "fcc": "fcc",
    "bcc": "bcc", "hcp": "hcp", "c11": "C₁₁", "c12": "C₁₂", "c44": "C₄₄", "poisson": "Poisson", "pugh": "Pugh",
    "young": "Young", "youngs": "Young's", "miedema": "Miedema", "poissons": "Poisson's", "o2": "O₂", "h2": "H₂",
}  # fmt: skip
"""Words with a spelling of their own."""
LEGAL = re.compile(r"[^\w\-. ]", re.ASCII)
"""What MLflow's tracking stores refuse in a name (a slash would make folders, a colon fails on Windows)."""
LONGEST_NAME = 250
"""Characters, the limit of MLflow's tracking stores."""


def quantity(name: str) -> tuple[str, str]:
    """What a property's name says in words and its unit, "" when it has none.

    A name that is not in our notation, or whose unit cannot be read for sure, is given back as it is written.
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*", name):
        return name, ""
    reading = read(name.split("_"))
    return (_words(list(reading.words)), reading.unit) if reading.sure else (name, "")


def label(name: str) -> str:
    """A property's name for an axis or a table's head: `Bulk modulus (GPa)`."""
    words, unit = quantity(name)
    return f"{words} ({unit})" if unit else words


def valued(name: str, value: str) -> str:
    """A property's name with a value in words: `Temperature = 1800 K`."""
    words, unit = quantity(name)
    return f"{words} = {value} {unit}".rstrip()


def told(name: str, value: str) -> str:
    """The same within a sentence: `temperature 1800 K`, `temperature 2 = 610 K`; symbols keep their capital."""
    words, unit = _spoken(name), quantity(name)[1]
    return f"{words}{' =' if words[-1:].isdigit() else ''} {value} {unit}".rstrip()


def spoken(name: str) -> str:
    """A name within a sentence, with its unit: `temperature (K)`."""
    unit = quantity(name)[1]
    return f"{_spoken(name)} ({unit})" if unit else _spoken(name)


def _spoken(name: str) -> str:
    words = quantity(name)[0]
    return words[:1].lower() + words[1:] if name[:1].islower() else words


def titled(name: str, distance: str = "") -> str:
    """The name under which a property is shown; of a curve, that its value is a distance: `Spectrum (rms distance)`."""
    return f"{quantity(name)[0]} ({distance} distance)" if distance else name


def title_of(goals: Sequence[Goal], name: str) -> str:
    """The same for a property of a campaign with these objectives."""
    return titled(name, next((goal.distance for goal in goals if goal.name == name), ""))


def _words(tokens: list[str]) -> str:
    """Tokens as words, the first one capitalised unless its spelling is fixed."""
    if len(tokens) == 1 and not tokens[0].islower():
        return tokens[0]
    words = " ".join(WORDS.get(t, t) for t in tokens)
    return words if tokens[0] in ("ph", "fcc", "bcc", "hcp") else words[:1].upper() + words[1:]


def number(value: float | None, digits: int = 4) -> str:
    """A value to so many significant digits; a dash when there is none."""
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    if not 1e-4 <= abs(value) < 1e7:
        return f"{value:.{digits - 1}e}"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:.{places}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", "−")


def measured(value: float | None, error: float | None, digits: int = 4) -> str:
    """`173.2 ± 0.6`: the value to the last place of its error's two leading digits, a dash when there is none."""
    if value is None or not math.isfinite(value):
        return "–"
    if error is None or not math.isfinite(error) or error <= 0 or abs(value) >= 1e7:
        return number(value, digits)
    first = Decimal(f"{error:.1e}").adjusted()  # decimal place of the error's first digit
    places = max(0, 1 - first if f"{error:.1e}"[0] in "12" else -first)
    return f"{value:.{places}f} ± {error:.{places}f}".replace("-", "−")


def duration(seconds: float | None) -> str:
    """Seconds as a person would say them."""
    if seconds is None or not math.isfinite(seconds):
        return "–"
    for limit, size, unit in ((120, 1, "s"), (7200, 60, "min"), (172800, 3600, "h")):
        if seconds < limit:
            return f"{number(seconds / size, 3)} {unit}"
    return f"{number(seconds / 86400, 3)} d"


LEAST_FRACTION = 1e-9
"""Atomic fractions up to this are nothing but rounding."""


def formula(composition: Mapping[str, float]) -> str:
    """Atomic fractions as a formula in atomic per cent, elements in the order given: `Cr35Co30Ni25`, `Cu99.98Zr0.02`.

    An amount below 1 at.% has two digits, and one that would round a rest to 100 as many as it takes.
    """
    shares = {element: 100 * fraction for element, fraction in composition.items() if fraction > LEAST_FRACTION}
    least = min(shares.values(), default=1.0)
    places = 1 if least >= 0.95 else 1 - math.floor(math.log10(least))
    return "".join(f"{element}{_amount(share, places)}" for element, share in shares.items())


def _amount(share: float, places: int) -> str:
    """Atomic per cent to a tenth; below 1 to two digits, and above 99 to the places that those below have."""
    if share < 0.95:
        return number(share, 2)
    return f"{share:.{places if share > 99 else 1}f}".rstrip("0").rstrip(".")


def ratios(moles: Mapping[str, float]) -> str:
    """Moles as a formula, a single one without its number: `Al0.5CoCrFe`."""
    return "".join(f"{symbol}{'' if share == 1 else number(share)}" for symbol, share in moles.items())


def alloy(percent: Mapping[str, float]) -> str:
    """Weight per cent as alloys are called, most abundant element first, without its amount: `Fe-18Cr-10Ni wt.%`."""
    base, *others = sorted(percent, key=lambda symbol: -percent[symbol])
    return "-".join([base, *(f"{number(percent[symbol])}{symbol}" for symbol in others)]) + " wt.%"


def legal(name: str) -> str:
    """The name as MLflow's stores accept it; a changed name ends in a hash, so that two names stay two."""
    clean = LEGAL.sub("_", name).strip(" .") or "_"
    if clean == name and len(clean) <= LONGEST_NAME:
        return name
    mark = hashlib.sha256(name.encode()).hexdigest()[:6]
    return f"{clean[: LONGEST_NAME - 7]}_{mark}"
