"""Small campaigns over generated crystals: a pool of three structure types, a person who measures."""

import json
from functools import cache
from pathlib import Path

from pymatgen.core import Lattice, Structure

from eutectic.campaigns.campaign import Campaign

PERSON = [{"use": "person", "properties": ["hardness", "price"]}]


@cache
def _cifs() -> dict[str, str]:
    """Name -> CIF of rock salt, caesium chloride and fluorite; to write them takes a second."""
    salt = Structure.from_spacegroup("Fm-3m", Lattice.cubic(5.64), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    fluorite = Structure.from_spacegroup("Fm-3m", Lattice.cubic(5.46), ["Ca", "F"], [[0, 0, 0], [0.25, 0.25, 0.25]])
    caesium = Structure.from_spacegroup("Pm-3m", Lattice.cubic(4.12), ["Cs", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    known = {"salt": salt, "fluorite": fluorite, "caesium": caesium}
    return {name: crystal.get_primitive_structure().to(fmt="cif") for name, crystal in known.items()}


def types(folder: Path) -> Path:
    """A folder of three structure types: rock salt, caesium chloride, fluorite."""
    folder.mkdir(exist_ok=True)
    for name, cif in _cifs().items():
        (folder / f"{name}.cif").write_text(cif)
    return folder


def content(**changes: object) -> dict[str, object]:
    """A campaign file as a mapping."""
    space: dict[str, object] = {
        "use": "crystal",
        "engine": {"use": "prototypes", "pool": "types"},
        "elements": ["Na", "K", "Cs", "Ca", "Mg", "Cl", "F", "Br", "O", "S"],
        "atoms": [2, 4],
        "candidates": 40,
    }
    own = changes.pop("space", {})
    assert isinstance(own, dict)
    return {
        "name": "crystals",
        "seed": 5,
        "space": {**space, **own},
        "objectives": {"hardness": "maximize", "price": "minimize"},
        "oracles": PERSON,
        "optimizers": [{"use": "sobol", "evaluations": 4}, {"use": "bayesian"}],
        "budget": {"evaluations": 24, "batch": 4},
        "tracking": {"enabled": False},
        **changes,
    }


def campaign(folder: Path, run: str = "run", **changes: object) -> Campaign:
    """Such a campaign in its folder."""
    types(folder / "types")
    path = folder / f"{run}.yaml"
    path.write_text(json.dumps(content(**changes)))
    return Campaign.from_yaml(path, folder / run)


def measured(variables: dict[str, object]) -> dict[str, float]:
    """A made-up measurement: a function of the formula alone."""
    formula = str(variables["formula"])
    return {
        "hardness": 10.0 * ("O" in formula) + 5.0 * ("Mg" in formula) + len(formula),
        "price": float(ord(formula[0])),
    }


def answered(told: Campaign, n: int) -> list[str]:
    """Ask for n and tell them; their ids."""
    outcomes = told.ask(n)
    for outcome in outcomes:
        told.tell(outcome.id, measured(dict(outcome.variables)))
    return [outcome.id for outcome in outcomes]
