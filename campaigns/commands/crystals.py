"""This file is what the generator's commands do: conditions from words, crystals drawn, written, read and judged."""

import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.progress import Progress

from eutectic.campaigns.errors import CampaignFileError, Complaint
from eutectic.campaigns.file import plugins
from eutectic.generators.metrics.evaluation import evaluation
from eutectic.generators.metrics.novelty import Reference, unique
from eutectic.generators.metrics.rates import Measure, Rate
from eutectic.generators.metrics.stability import relaxation, stable_unique_new
from eutectic.generators.metrics.validity import sound
from eutectic.generators.structures.conditions import Conditions, misunderstood
from eutectic.generators.structures.generated import Choosy, GeneratedStructure
from eutectic.generators.structures.sources import known_crystals
from eutectic.oracles.abilities import Checked
from eutectic.oracles.base import Candidate
from eutectic.oracles.structures.files import as_cif

if TYPE_CHECKING:
    from pymatgen.core import Structure

STEP_S = 1.0
"""About how long engines draw before progress is shown again."""


def engine_of(name: str, settings: Sequence[str], ready: bool = True) -> Any:
    """An engine with options `KEY=VALUE`, paths from here; CampaignFileError where it cannot be built, or draw
    (`ready`).
    """
    options: dict[str, object] = {}
    for word in settings:
        key, equals, text = word.partition("=")
        if not equals:
            raise refusal(f"--set {word}: write KEY=VALUE")
        options[key] = _value(text)
    try:
        part = plugins.build("engines", {"use": name, **options}, ".")
        if ready and isinstance(part, Checked):
            part.check()
    except ValueError as error:
        raise refusal(str(error)) from None
    return part


def _value(text: str) -> object:
    """A number, a list, true or false where it reads as one, else text."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def asked_for(
    elements: str,
    required: str,
    formula: str,
    atoms: str,
    groups: Sequence[int],
    targets: Sequence[str],
    guidance: float,
) -> Conditions:
    """Conditions from the command line's words; CampaignFileError where nothing could be like this."""
    low, dash, high = atoms.partition("-")
    try:
        size = (int(low), int(high) if dash else int(low))
    except ValueError:
        raise refusal(f"--atoms {atoms}: write a number, or two as 4-12") from None
    aims = {}
    for word in targets:
        name, _, text = word.partition("=")
        try:
            aims[name] = float(text)
        except ValueError:
            raise refusal(f"--target {word}: write PROPERTY=NUMBER") from None
    try:
        return Conditions(_listed(elements), _listed(required), formula, size, tuple(groups), aims, guidance)
    except ValueError as error:
        raise refusal(str(error)) from None


def _listed(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def drawn(
    part: Any, engine: str, wanted: Conditions, draws: Sequence[int]
) -> tuple[list[GeneratedStructure], dict[str, int]]:
    """The crystals of these draws, and how often draws were refused for which reason; with a bar on standard error."""
    strange = misunderstood(wanted, part.understands(), engine)
    reason = strange or (part.refuse(wanted) if isinstance(part, Choosy) else "")
    if reason:
        raise refusal(reason)
    size = max(1, int(STEP_S / part.seconds_each))
    crystals: list[GeneratedStructure] = []
    refused: Counter[str] = Counter()
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"drawing from {engine}", total=len(draws))
        for start in range(0, len(draws), size):
            some = draws[start : start + size]
            for answer in part.draw([wanted] * len(some), list(some)):
                if isinstance(answer, GeneratedStructure):
                    crystals.append(answer)
                else:
                    refused[answer.reason] += 1
            bar.advance(task, len(some))
    return crystals, dict(refused.most_common())


def write_structures(output: Path, crystals: Sequence[GeneratedStructure], engine: str) -> list[dict[str, Any]]:
    """Write a CIF each into a folder, or all into one .extxyz; a row a crystal of what was written."""
    from pymatgen.core import Structure
    from pymatgen.io.ase import AseAtomsAdaptor

    single = output.suffix in (".extxyz", ".xyz")
    (output.parent if single else output).mkdir(parents=True, exist_ok=True)
    rows, frames = [], []
    for crystal in crystals:
        structure = Structure.from_dict(crystal.structure())
        row: dict[str, Any] = {
            "draw": crystal.draw, "formula": crystal.formula, "space_group": crystal.space_group,
            "atoms": len(structure), "log_probability": crystal.log_probability, "parent": crystal.parent,
            "made_by": f"{engine}:{crystal.checkpoint[:12]}",
        }  # fmt: skip
        if single:
            atoms = AseAtomsAdaptor.get_atoms(structure)
            atoms.info = {key: value for key, value in row.items() if value not in (None, "")}
            frames.append(atoms)
            row["file"] = f"{output}@{len(frames) - 1}"
        else:
            row["file"] = str(output / f"{crystal.draw:06d}_{crystal.formula}.cif")
            Path(row["file"]).write_text(as_cif(structure), encoding="utf-8")
        rows.append(row)
    if single and frames:
        from ase.io import write

        text = io.StringIO()
        write(text, frames, format="extxyz")
        output.write_text(text.getvalue(), encoding="utf-8")
    return rows


def read_structures(source: str, column: str) -> "list[Structure]":
    """The crystals of a source; CampaignFileError says which file or row cannot be read, and why."""
    try:
        return [known.structure for known in known_crystals(source, column)]
    except ValueError as error:
        raise refusal(str(error)) from None


def evaluated(
    made: "Sequence[Structure]", reference: str, relax: str, hull: str, columns: tuple[str, str], most: int
) -> list[Rate | Measure]:
    """All rates and measures of these crystals; those of energies where a calculator is named."""
    known = read_structures(reference, "") if reference else []
    against = Reference.of(Path(reference).name, known) if reference else None
    told = evaluation(made, against, known)
    if hull and not relax:
        raise refusal("--hull needs --relax: energies come from a calculator")
    if not relax:
        return told
    chosen = [structure for structure, fine in zip(made, sound(made), strict=True) if fine][:most]
    relaxed, energies, notes = relaxed_by(relax, chosen)
    pairs = [(a, b) for a, b in zip(chosen, relaxed, strict=True) if b is not None]
    told += relaxation([a for a, _ in pairs], [b for _, b in pairs], notes)
    if hull:
        above = above_hull(hull, columns, chosen, energies)
        fresh = [against is None or not against.holds(structure) for structure in chosen]
        named = {
            **notes,
            "hull": Path(hull).name,
            "reference": "none" if against is None else against.against["reference"],
        }
        told += stable_unique_new(above, unique(chosen), fresh, named)
    return told


def relaxed_by(
    calculator: str, structures: "Sequence[Structure]"
) -> "tuple[list[Structure | None], list[float], dict[str, str]]":
    """Each crystal relaxed by a learned potential (None where that failed), its formation energy (eV/atom), and how."""
    from pymatgen.core import Structure

    content = {"use": "mlip", "calculator": calculator, "compute": ["formation_energy_ev_per_atom"]}
    oracle = plugins.build("oracles", content, ".")
    oracle.check()
    relaxed: list[Structure | None] = []
    energies: list[float] = []
    rng = np.random.default_rng(0)
    with Progress(console=Console(stderr=True), transient=True) as bar:
        for structure in bar.track(structures, description=f"relaxing by {calculator}"):
            candidate = Candidate({}, _fractions(structure), structure.as_dict())
            (answer,) = oracle.evaluate([candidate], rng)
            text = next((t for name, t in answer.artifacts.items() if name.endswith(".cif")), "")
            relaxed.append(Structure.from_str(text, fmt="cif") if text and answer.status == "finished" else None)
            energies.append(answer.values.get("formation_energy_ev_per_atom", float("nan")))
    return (
        relaxed,
        energies,
        {"potential": calculator, "relaxed": f"{sum(r is not None for r in relaxed)} of {len(relaxed)}"},
    )


def _fractions(structure: "Structure") -> dict[str, float]:
    found: Mapping[Any, float] = structure.composition.fractional_composition.get_el_amt_dict()
    return {str(element): float(x) for element, x in found.items()}


def above_hull(
    file: str, columns: tuple[str, str], structures: "Sequence[Structure]", energies: Sequence[float]
) -> list[float]:
    """Energy above the hull, eV/atom; NaN where there is no energy or no reference."""
    name = "formation_energy_ev_per_atom"
    content = {"use": "hull", "file": file, "formula_column": columns[0], "energy_column": columns[1]}
    oracle = plugins.build("oracles", content, ".")
    try:
        oracle.check()
    except ValueError as error:
        raise refusal(str(error)) from None
    candidates = [
        Candidate({}, _fractions(s), known={name: e} if e == e else {})
        for s, e in zip(structures, energies, strict=True)
    ]
    answers = oracle.evaluate(candidates, np.random.default_rng(0))
    return [answer.values.get("energy_above_hull_ev_per_atom", float("nan")) for answer in answers]


def refusal(message: str) -> CampaignFileError:
    """What a command says of what it was given."""
    return CampaignFileError([Complaint((), message)])
