"""This file is the unit at the end of a property's name: `diffusivity_um2_per_s` is a diffusivity in µm²/s.

Symbols are ours, in lower case as names are; what is spelt with capitals (`bulk_modulus_GPa`) or in full (`_pascal`) is
read by pint. No unit rather than a wrong one: a name whose end cannot be read for sure is shown as it is written.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

SYMBOLS = {
    "gpa": "GPa", "mpa": "MPa", "kpa": "kPa", "hpa": "hPa", "pa": "Pa", "bar": "bar", "mbar": "mbar", "kbar": "kbar",
    "torr": "Torr", "mtorr": "mTorr", "psi": "psi", "atm": "atm", "ksi": "ksi",
    "j": "J", "mj": "mJ", "uj": "µJ", "kj": "kJ", "ev": "eV", "mev": "meV", "kev": "keV", "cal": "cal", "kcal": "kcal",
    "hartree": "Ha", "ry": "Ry", "wh": "Wh", "kwh": "kWh",
    "m": "m", "cm": "cm", "mm": "mm", "um": "µm", "nm": "nm", "pm": "pm", "km": "km", "angstrom": "Å", "bohr": "a₀",
    "k": "K", "mk": "mK", "celsius": "°C", "s": "s", "ms": "ms", "us": "µs", "ns": "ns", "ps": "ps", "fs": "fs",
    "min": "min", "h": "h", "hour": "h", "hours": "h", "day": "d", "days": "d", "year": "a", "years": "a",
    "g": "g", "mg": "mg", "ug": "µg", "ng": "ng", "kg": "kg", "t": "t", "l": "L", "ml": "mL", "ul": "µL", "dl": "dL",
    "mol": "mol", "mmol": "mmol", "umol": "µmol", "nmol": "nmol", "kmol": "kmol", "atom": "atom", "fu": "f.u.",
    "usd": "USD", "eur": "EUR", "gbp": "GBP", "ppm": "ppm", "ppb": "ppb", "percent": "%", "pct": "%",
    "degrees": "°", "deg": "°", "rad": "rad", "mrad": "mrad",
    "v": "V", "mv": "mV", "uv": "µV", "nv": "nV", "kv": "kV", "e": "e", "a": "A",
    "ma": "mA", "ua": "µA", "na": "nA", "mah": "mAh", "ah": "Ah", "w": "W", "mw": "mW", "uw": "µW", "kw": "kW",
    "ohm": "Ω", "mohm": "mΩ", "uohm": "µΩ", "kohm": "kΩ", "siemens": "S", "hz": "Hz", "khz": "kHz", "mhz": "MHz",
    "ghz": "GHz", "thz": "THz", "tesla": "T", "mtesla": "mT", "oe": "Oe", "koe": "kOe", "emu": "emu", "mub": "μB",
    "c": "C", "uc": "µC", "f": "F", "mf": "mF", "uf": "µF", "nf": "nF", "pf": "pF", "n": "N", "mn": "mN", "kn": "kN",
    "debye": "D", "rpm": "rpm", "hv": "HV", "hrc": "HRC", "hb": "HB", "hbw": "HBW", "hra": "HRA",
    "hrb": "HRB", "hk": "HK", "degc": "°C", "sccm": "sccm", "cp": "cP", "lm": "lm",
    "lx": "lx", "cd": "cd",
}  # fmt: skip
"""Unit tokens as they end a property's name, and how they are printed."""
POWERS = frozenset(["m", "cm", "mm", "um", "nm", "pm", "km", "angstrom", "bohr", "s", "k", "v", "h", "min"])
"""Tokens that may be followed by a power, as in `cm2`."""
LONELY = frozenset(["k", "s", "h", "v", "a", "w", "j", "l"])
"""One-letter tokens that are a unit even when they stand alone at the end of a name."""
SHARES = {"at": "at.", "wt": "wt.", "vol": "vol.", "mol": "mol", "mass": "mass "}
"""What stands before `percent` or `pct`."""
CELSIUS = frozenset([("deg", "c"), ("deg", "C"), ("degrees", "celsius"), ("degree", "celsius")])
"""Ways to write degrees Celsius in several tokens; `celsius` and `degc` are one."""
IACS = frozenset([("percent", "iacs"), ("pct", "iacs"), ("iacs", "percent"), ("iacs", "pct")])
"""Ways to write the conductivity of copper as the whole (International Annealed Copper Standard)."""
ROOT_OF_METRE = frozenset([("sqrt", "m"), ("m0", "5"), ("m05",), ("m0p5",), ("m", "half")])
"""Ways to write the root of a metre behind the `mpa` of fracture toughness."""
RECIPROCAL = frozenset(["k", "s", "ms", "us", "ns", "ps", "min", "h", "m", "cm", "mm", "um", "nm", "angstrom", "gpa"])
"""Tokens that are a unit by themselves under the stroke: `thermal_expansion_per_k` is in 1/K."""
PRICED = frozenset(["price", "cost", "energy", "charge", "mass", "volume", "power", "heat", "enthalpy", "entropy"])
"""Quantities with a unit of their own, so that `cost_per_m` says nothing of it."""
LENGTHS = frozenset(f"{unit}{power}" for unit in ("m", "cm", "mm", "um", "nm") for power in ("", "2", "3"))
TIMES = frozenset(("s", "ms", "h"))
PRODUCTS: tuple[tuple[frozenset[str], frozenset[str]], ...] = (
    (frozenset(("ohm", "mohm", "uohm", "kohm")), LENGTHS),
    (frozenset(("pa", "mpa", "kpa", "gpa")), TIMES),
    (frozenset(("a", "ma", "w", "kw")), frozenset(("h",))),
)
"""Units that are multiplied where a name has no `per`; others (`g_cm3`, `k_s`) are mostly meant divided."""
NEWTONS = (["n"], ["mn"], ["kn"])
"""Forces; times a length they are a torque, while a stiffness or a surface tension is one over a length."""
CONTEXT: dict[str, tuple[str, ...]] = {
    "a": ("current", "ampere"), "l": ("volume", "capacity", "flow"), "w": ("power", "heat", "loss"),
    "j": ("energy", "work", "heat", "impact", "charpy", "enthalpy", "toughness", "barrier"),
    "v": ("volt", "potential", "bias", "window", "emf"), "cp": ("viscosity",), "cal": ("heat", "enthalpy"),
    "min": ("time", "duration", "hold", "dwell", "age", "aging", "ageing", "anneal", "mill", "sinter", "soak", "expos"),
}  # fmt: skip
"""Tokens that at the end of a name may also be a symbol, a word or an ending (`length_l`, `gap_min`), and what the name
must then speak of."""
COUNTED = ("content", "fraction", "amount", "ratio", "share", "doping", "occupancy", "site", "stoichiometry")
"""Where a name speaks of these, an element's symbol at its end is that element: `content_na`, `fraction_mn`."""
ELEMENTS = frozenset(("na", "mn", "cd", "pa", "pm", "k", "v", "w", "s", "h", "n", "c", "f"))
MOLAR = frozenset(("m", "mm", "um", "nm"))
"""Lengths, or moles a litre behind these:"""
DISSOLVED = ("molarity", "concentration")
FULL = re.compile(
    "(quetta|ronna|yotta|zetta|exa|peta|tera|giga|mega|kilo|hecto|deca|deci|centi|milli|micro|nano|pico|femto|atto)?"
    "(pascal|newton|joule|watt|volt|ampere|ohm|siemens|tesla|weber|farad|henry|hertz|kelvin|mole|gram|metre|meter|second"
    "|litre|liter|electron_volt|electronvolt|coulomb|candela|lumen|lux|gauss|oersted|tonne|rydberg)s?"
)
"""Units spelt in full that pint is asked for."""
_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_WORD = re.compile("[a-z]{4,}")


@dataclass(frozen=True, slots=True)
class Reading:
    """A name's tokens taken apart."""

    words: tuple[str, ...]
    """What is measured."""
    unit: str
    """As it is printed; "" where there is none."""
    sure: bool = True
    """False: the end looks like a unit and cannot be read, so that the name is to be shown as it is written."""


def read(tokens: Sequence[str]) -> Reading:
    """The words and the unit of a name's tokens; the first token is always a word."""
    if "per" in tokens[1:]:
        return _divided(tuple(tokens))
    for start in range(1, len(tokens)):
        unit = _product(tokens[start:])
        if unit:
            if not _meant(tokens[:start], tokens[start:]):
                return Reading(tuple(tokens), "", False)
            doubtful = {"mpa", "s"} <= set(tokens[start:])  # MPa s, or the mPa s of viscosities
            return Reading(tuple(tokens), "", False) if doubtful else Reading(tuple(tokens[:start]), unit)
    return Reading(tuple(tokens), "")


def _meant(words: Sequence[str], unit: Sequence[str]) -> bool:
    """Can the end of a name be this unit alone, and not a symbol, an element, a word, or units divided?"""
    said = " ".join(words).lower()
    if len(unit) == 1:
        (token,) = unit
        counted = token in ELEMENTS and any(word in said for word in COUNTED)
        dissolved = token in MOLAR and any(word in said for word in DISSOLVED)
        return not counted and not dissolved and any(word in said for word in CONTEXT.get(token, ("",)))
    if tuple(unit) in CELSIUS | IACS or unit[-1] in ("percent", "pct") or tuple(unit[1:]) in ROOT_OF_METRE:
        return True
    if any(word in said for word in ("torque", "moment")) and [token.lower() for token in unit[:1]] in NEWTONS:
        return True
    first, *rest = (token.lower() if symbol(token.lower()) else token for token in unit)
    return len(rest) == 1 and any(first in one and rest[0] in other for one, other in PRODUCTS)


def symbol(token: str) -> str:
    """How one token is printed as a unit, "" when it is none."""
    base, power = re.fullmatch("(.*?)([2-6]?)", token).groups()  # type: ignore[union-attr]
    if token in SYMBOLS:
        return SYMBOLS[token]
    if base in SYMBOLS and base in POWERS:
        return SYMBOLS[base] + power.translate(_RAISED)
    if token != token.lower() or FULL.fullmatch(base):
        found = _by_pint(base)
        return found + power.translate(_RAISED) if found else ""
    return ""


@lru_cache(maxsize=512)
def _by_pint(name: str) -> str:
    """The symbol of a unit that pint knows by this name, its capitals counting; "" for others."""
    import pint

    registry = pint.application_registry
    try:
        unit = registry.Unit(name)
    except (pint.PintError, ValueError, TypeError, AttributeError):
        return ""
    return f"{unit:~P}".replace("Å", "Å")


def _product(tokens: Sequence[str]) -> str:
    """The printed unit when every token is part of one, else ""."""
    if len(tokens) == 2 and tokens[1] in ("percent", "pct") and tokens[0] in SHARES:
        return f"{SHARES[tokens[0]]}%"
    if tuple(tokens) in CELSIUS:
        return "°C"
    if tuple(tokens) in IACS:
        return "% IACS"
    if tuple(tokens[:1]) in (("mpa",), ("MPa",)) and tuple(tokens[1:]) in ROOT_OF_METRE:
        return "MPa·√m"
    symbols = [symbol(token) for token in tokens]
    lone = len(tokens) == 1 and len(tokens[0]) == 1 and tokens[0] not in LONELY
    return "" if lone or not all(symbols) else "·".join(symbols)


def _divided(tokens: tuple[str, ...]) -> Reading:
    """A name with `per`: `a_per_b_per_c` is a/(b·c), `per_k` alone 1/K."""
    first = tokens.index("per", 1)
    start = first
    while start > 1 and symbol(tokens[start - 1]):
        start -= 1
    above, parts = tokens[start:first], list[list[str]]([[]])
    for token in tokens[first + 1 :]:
        if token == "per":
            parts.append([])
        else:
            parts[-1].append(token)
    below = [token for part in parts for token in part]
    unread, plain = Reading(tokens, "", False), Reading(tokens, "")
    if not all(parts) or not all(symbol(token) for token in below):
        words = not above and all(_WORD.fullmatch(token) for token in (*tokens[start - 1 : first], *below))
        return plain if words else unread
    if not above:
        if not _WORD.fullmatch(tokens[first - 1]):
            return unread
        own = tokens[first - 1] in PRICED or not all(re.sub("[2-6]$", "", token) in RECIPROCAL for token in below)
        return plain if own else Reading(tokens[:first], f"1/{_under(below)}")
    if _doubtful(above, below):
        return unread
    return Reading(tokens[:start], f"{'·'.join(map(symbol, above))}/{_under(below)}")


def _under(below: Sequence[str]) -> str:
    """What stands below the stroke."""
    text = "·".join(map(symbol, below))
    return f"({text})" if len(below) > 1 else text


def _doubtful(above: Sequence[str], below: Sequence[str]) -> bool:
    """Could the symbols mean another unit, so that the number would be wrong by a factor or more?"""
    long = {"m", "cm", "mm", "um", "nm"}
    return bool(
        ({"w", "mw", "uw", "kw"} & set(above) and long & set(above))  # W/m/K as often as W·m
        or ({"s", "ms", "us"} & set(above) and long & set(below))  # seconds or siemens a length
        or ("c" in above and {"s", "min", "h", "hour", "hours", "day"} & set(below))  # coulombs or degrees
        or ("a" in below and {"ev", "mev"} & set(above))  # an ampere or an angstrom
        or ("mv" in above and long & set(below))  # millivolts or megavolts
        or ("mj" in above and not {"m2", "cm2"} & set(below))  # millijoules or megajoules
        or {"mpa", "s"} <= set(above)
    )
