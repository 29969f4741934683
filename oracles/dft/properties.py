"""This file is the properties of one crystal, and of the elements it is made of, from single calculations."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from eutectic.oracles.dft.calculation import Calculation, Computed, Crystal, DftFailed, Engine, Settings
from eutectic.oracles.dft.cells import composition_of, polarised, reference, require_apart
from eutectic.oracles.dft.runs import Workshop, alone
from eutectic.oracles.physics.equation_of_state import EV_PER_ANGSTROM3_IN_GPA, Fit, birch_murnaghan
from eutectic.oracles.whole_files import write_whole

CURVED = ("lattice_constant_angstrom", "bulk_modulus_gpa")
"""What needs the equation of state."""
RATIOS = (1.0, 0.97, 1.03, 0.94, 1.06)
"""Volumes of an equation of state over that of its centre."""
RECENTRINGS = 3
"""How often the volumes may move to the minimum found outside them."""
VOLUME_WINDOW = (0.5, 2.0)
"""Final over starting volume; outside, the crystal is no longer what was asked."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a crystal is computed."""

    engine: Engine
    settings: Settings
    relax: str
    """`none`, `ions`, `volume` or `cell`."""
    retries: int
    spin: str
    moments: Mapping[str, float]
    pressure_gpa: float = 0.0
    """With `volume` alone: there the enthalpy is least under it."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What is known of a crystal."""

    energy_ev: float
    crystal: Crystal
    moment_bohr_magnetons: float | None
    fit: Fit | None
    pressure_gpa: float = 0.0

    @property
    def enthalpy_ev(self) -> float:
        """Energy, and the pressure's work on the volume."""
        return self.energy_ev + self.pressure_gpa / EV_PER_ANGSTROM3_IN_GPA * self.crystal.volume


def measure(plan: Plan, crystal: Crystal, workshop: Workshop, curve: bool) -> Measured:
    """Relax as planned; with `curve` also the equation of state about the result. DftFailed when it does not work."""
    crystal = polarised(crystal, plan.spin, plan.moments)
    require_apart(crystal)
    grid = crystal.grid(plan.settings.k_spacing_per_angstrom)
    start = Calculation(crystal, grid, plan.settings)
    if plan.relax == "volume":
        pressure = plan.pressure_gpa
        middle, fit = equation_of_state(start, workshop, pressure_gpa=pressure)
        swollen = middle.crystal.swollen(fit.volume / middle.crystal.volume)
        energy = fit.energy_ev - pressure / EV_PER_ANGSTROM3_IN_GPA * fit.volume
        return _sound(Measured(energy, swollen, middle.moment_bohr_magnetons, fit, pressure), crystal)
    freedom = {"none": "none", "ions": "ions", "cell": "cell"}[plan.relax]
    relaxed = workshop.compute("start", replace(start, freedom=freedom))  # type: ignore[arg-type]
    about = replace(start, crystal=relaxed.crystal)
    found = equation_of_state(about, workshop, plan.relax != "none")[1] if curve else None
    return _sound(Measured(relaxed.energy_ev, relaxed.crystal, relaxed.moment_bohr_magnetons, found), crystal)


def equation_of_state(
    start: Calculation, workshop: Workshop, ions: bool = True, pressure_gpa: float = 0.0
) -> tuple[Computed, Fit]:
    """The calculation nearest the minimum, and the curve; ions relax at each volume if there are any free to.

    The grid of k-points stays that of the start. Where the minimum lies outside the volumes, they move to it. Under a
    pressure it is the minimum of the enthalpy, H = E + p V, whose curvature is the energy's: the curve's bulk modulus
    is the one under that pressure.
    """
    crystal = start.crystal
    free = ions and len(crystal.symbols) > 1
    centre = crystal.volume
    for _ in range(RECENTRINGS + 1):
        volumes = [ratio * centre for ratio in RATIOS]
        computed: list[Computed] = []
        for volume in volumes:
            one = replace(start, crystal=crystal.swollen(volume / crystal.volume), freedom="ions" if free else "none")
            after = _name(volumes[0]) if computed else ""
            computed.append(workshop.compute(_name(volume), one, after))
        work = pressure_gpa / EV_PER_ANGSTROM3_IN_GPA
        enthalpies = [one.energy_ev + work * volume for volume, one in zip(volumes, computed, strict=True)]
        fit = birch_murnaghan(volumes, enthalpies)
        if fit is not None and min(volumes) <= fit.volume <= max(volumes):
            nearest = min(zip(volumes, computed, strict=True), key=lambda pair: abs(pair[0] - fit.volume))
            return nearest[1], fit
        lowest = volumes[min(range(len(volumes)), key=lambda i: enthalpies[i])]
        centre = lowest if fit is None else min(max(fit.volume, 0.85 * centre), 1.15 * centre)
    what, reached = "enthalpy" if pressure_gpa else "energy", centre / crystal.volume
    raise DftFailed("unphysical", f"no minimum of the {what} up to {reached:.2f} of the starting volume")


def _name(volume: float) -> str:
    return f"volume_{volume:.4f}"


def _sound(measured: Measured, given: Crystal) -> Measured:
    """The same; DftFailed when it cannot be true."""
    ratio = measured.crystal.volume / given.volume
    if not VOLUME_WINDOW[0] < ratio < VOLUME_WINDOW[1]:
        raise DftFailed("unphysical", f"the volume became {ratio:.2f} of that at the start")
    if measured.fit is not None and measured.fit.bulk_modulus_gpa <= 0:
        raise DftFailed("unphysical", f"the bulk modulus is {measured.fit.bulk_modulus_gpa:.3g} GPa")
    require_apart(measured.crystal)
    return measured


def reference_energies(plan: Plan, elements: Sequence[str], files: Mapping[str, str], cache: Path) -> dict[str, float]:
    """Element -> eV/atom of its own crystal with the same settings, kept in `cache` by a hash of all they depend on.

    At the minimum of the equation of state; a crystal from a file of the user's has its ions relaxed in its own cell.
    """
    return {element: _reference(plan, element, files, cache) for element in elements}


def _reference(plan: Plan, element: str, files: Mapping[str, str], cache: Path) -> float:
    crystal = polarised(reference(element, files), plan.spin, plan.moments)
    ours = replace(plan, relax="ions" if element in files else "volume", pressure_gpa=0.0)
    key = Calculation(crystal, crystal.grid(plan.settings.k_spacing_per_angstrom), plan.settings).digest(
        {"engine": plan.engine.version(), "files": plan.engine.files([element]), "relax": ours.relax}
    )
    folder = cache / f"{element}-{key[:16]}"
    with alone(folder):  # of several workers that need it the first computes it
        file = folder / "reference.json"
        if file.exists():
            return float(json.loads(file.read_text(encoding="utf-8"))["energy_ev_per_atom"])
        try:
            found = measure(ours, crystal, Workshop(plan.engine, folder, plan.retries), curve=False)
        except DftFailed as problem:
            raise DftFailed(problem.failure, f"reference of {element}: {problem}") from problem
        energy = found.energy_ev / len(crystal.symbols)
        write_whole(file, json.dumps({"energy_ev_per_atom": energy, "key": key}).encode())
    return energy


def formation_energy(crystal: Crystal, energy_ev: float, references: Mapping[str, float]) -> float:
    """EV/atom against the elements' own crystals."""
    fractions = composition_of(crystal.symbols)
    return energy_ev / len(crystal.symbols) - sum(x * references[element] for element, x in fractions.items())
