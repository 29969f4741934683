"""This file is molecular dynamics of one crystal in a LAMMPS session: a run, its record, and what is left of it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eutectic.oracles.lammps.session import BAR_PER_GPA, Session
from eutectic.oracles.physics.solid_solution import Sites, Types

SAMPLE_STEPS = 50
"""Steps of molecular dynamics that one recorded mean covers."""
BLOCKS = 10
"""Blocks of recorded means that standard errors are made from."""


Array = npt.NDArray[np.float64]
EVERY_STEPS = 5
"""Steps between two values of a recorded mean."""
EXCHANGES = 10
"""Steps between two attempts to exchange atoms, and attempts at once; ours."""
THERMOSTAT_PS = 0.1
"""Time constant of the thermostat, ps; LAMMPS' manual advises about a hundred steps for `fix nvt`."""
BAROSTAT_PS = 0.5
"""Time constant of the barostat, ps; ours, LAMMPS' manual advises about a thousand steps."""
NEIGHBOURS = (1.0 + np.sqrt(0.5)) / 2.0
"""Cutoff of the common-neighbour analysis in lattice constants, midway between the first and second fcc shell."""
FCC = 1
"""LAMMPS' code for fcc surroundings."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Conditions and length of a run."""

    temperature_k: float
    pressure_gpa: float | None
    """None: the cell is fixed."""
    timestep_fs: float
    settle: int
    """Steps before anything is recorded."""
    steps: int
    """Steps that are recorded."""
    seed: int
    """Of the velocities, 1 to 2^31."""
    warm: float = 1.0
    """Kinetic temperature at the start over `temperature_k`: 2 from sites at rest, as half goes into displacements."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Means over `SAMPLE_STEPS` steps each."""

    volume: Array
    """(s,) angstrom^3."""
    stress: Array
    """(s, 6) GPa, tension positive, order xx yy zz yz xz xy."""
    square: Array
    """(s,) mean square distance of the atoms from their sites at the end of each, angstrom^2."""


@dataclass(frozen=True, slots=True)
class State:
    """Where a run has ended."""

    fractions: Array
    """(n, 3) positions as fractions of the cell."""
    types: Types


def run(session: Session, sites: Sites, plan: Plan) -> Trace:
    """Nose-Hoover dynamics of the crystal as it stands, its cell breathing isotropically or fixed.

    Equations of motion of Martyna, Tobias and Klein (1994, doi 10.1063/1.467468) as integrated by LAMMPS. Unphysical
    when the run explodes.
    """
    for line in (
        "reset_timestep 0",
        f"timestep {plan.timestep_fs / 1000.0}",
        f"velocity all create {plan.temperature_k * plan.warm} {plan.seed} mom yes rot no dist gaussian",
        "variable volume equal vol",
        f"fix motion all {_motion(plan)}",
    ):
        session.command(line)
    if plan.settle:
        session.command(f"run {plan.settle} post no")
        session.command("reset_timestep 0")
    wanted = " ".join(f"c_thermo_press[{i}]" for i in (1, 2, 3, 6, 5, 4))
    repeats = SAMPLE_STEPS // EVERY_STEPS
    session.command(f"fix record all ave/time {EVERY_STEPS} {repeats} {SAMPLE_STEPS} v_volume {wanted}")
    rows = []
    for index in range(samples(plan.steps)):
        session.command(f"run {SAMPLE_STEPS} {'pre no ' if index else ''}post no")
        rows.append([*(session.average("record", i) for i in range(7)), _square(session, sites)])
    session.command("unfix record")
    session.command("unfix motion")
    table = np.array(rows)
    return Trace(table[:, 0], -table[:, 1:7] / BAR_PER_GPA, table[:, 7])


def samples(steps: int) -> int:
    """Recorded means of a run of so many steps, a whole number in each of the blocks."""
    return max(1, steps // (SAMPLE_STEPS * BLOCKS)) * BLOCKS


def swap(session: Session, plan: Plan, attempts: int) -> None:
    """Exchange unlike atoms by Metropolis' rule at the temperature, with dynamics in between.

    Every `EXCHANGES` steps as many exchanges are attempted of each pair of elements present (Sadigh et al. 2012,
    doi 10.1103/PhysRevB.85.184203).
    """
    present = np.unique(session.types())
    pairs = [(int(a), int(b)) for a in present for b in present if a < b]
    if not pairs or not attempts:
        return
    session.command(f"velocity all create {plan.temperature_k} {plan.seed} mom yes rot no dist gaussian")
    session.command(f"fix motion all {_motion(plan)}")
    for index, (a, b) in enumerate(pairs):
        session.command(
            f"fix swap{index} all atom/swap {EXCHANGES} {EXCHANGES} {1 + (plan.seed + 7919 * index) % 900_000_000} "
            f"{plan.temperature_k} types {a} {b} ke yes"
        )
    session.command(f"run {EXCHANGES * max(1, round(attempts / len(pairs) / EXCHANGES))} post no")
    for index in range(len(pairs)):
        session.command(f"unfix swap{index}")
    session.command("unfix motion")


def state(session: Session) -> State:
    """Where the atoms are and which."""
    _, fractions = session.snapshot()
    return State(fractions, session.types())


def fcc_fraction(session: Session) -> float:
    """Share of the atoms in fcc surroundings, thermal motion taken out by a short minimisation first.

    Common-neighbour analysis: Honeycutt and Andersen 1987, doi 10.1021/j100303a014. The atoms move to where the
    minimisation took them.
    """
    session.command("minimize 0.0 1e-2 200 400")
    cell, fractions = session.snapshot()
    lattice = (4.0 * abs(np.linalg.det(cell)) / len(fractions)) ** (1 / 3)
    session.command(f"compute surroundings all cna/atom {NEIGHBOURS * lattice:.6f}")
    session.command("run 0 post no")
    found = float(np.mean(session.per_atom("surroundings") == FCC))
    session.command("uncompute surroundings")
    return found


def _motion(plan: Plan) -> str:
    heat = f"temp {plan.temperature_k} {plan.temperature_k} {THERMOSTAT_PS}"
    if plan.pressure_gpa is None:
        return f"nvt {heat}"
    bar = plan.pressure_gpa * BAR_PER_GPA
    return f"npt {heat} iso {bar} {bar} {BAROSTAT_PS}"


def _square(session: Session, sites: Sites) -> float:
    """Mean square distance from the sites, the crystal's drift apart, angstrom^2; each atom by its nearest image."""
    cell, fractions = session.snapshot()
    steps = fractions - sites.positions @ np.linalg.inv(sites.cell)
    steps -= steps[0]
    steps -= np.round(steps)
    steps -= steps.mean(axis=0)
    return float((((steps - np.round(steps)) @ cell) ** 2).sum(axis=1).mean())
