"""This file is molecular statics of one crystal in a LAMMPS session: its relaxation and its stiffness."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eutectic.oracles.lammps.session import Session, Unphysical
from eutectic.oracles.physics.solid_solution import Sites, Types, fcc

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Protocol:
    """The numbers a calculation is made with."""

    strain: float = 0.004
    """Half the finite difference of the elastic constants, dimensionless."""
    force_ev_per_angstrom: float = 1e-4
    """Largest force left on an atom."""
    stress_gpa: float = 2e-3
    """Largest mean stress left in the cell."""
    escape: float = 0.5
    """An atom farther from its site than this many nearest-neighbour distances has left the crystal."""


@dataclass(frozen=True, slots=True)
class Relaxed:
    """A crystal free of forces and of mean stress."""

    lattice_angstrom: float
    energy_ev_per_atom: float
    cell: Array
    """(3, 3) angstrom."""
    positions: Array
    """(n, 3) angstrom."""


def relax(session: Session, sites: Sites, types: Types, start: float, protocol: Protocol) -> Relaxed:
    """Relax ions and volume of a decorated crystal from a lattice constant in angstrom; the cell stays cubic.

    The mean stress is driven to zero by secant steps in the logarithm of the lattice constant, the ions relaxed at
    each: a random solution is cubic on average, and a fixed shape keeps one cell's chance anisotropy out.
    Raises Unphysical when the lattice constant runs away or atoms leave their sites.
    """
    session.place(sites.cell * start, sites.positions * start, types)
    lattice, stiffness, last = start, 500.0, (0.0, 0.0)
    for step in range(25):
        energy = session.relax(protocol.force_ev_per_angstrom)
        stress = float(session.stress()[:3].mean())
        if abs(stress) < protocol.stress_gpa:
            relaxed = Relaxed(lattice, energy / sites.count, session.cell, session.positions())
            _require_on_sites(relaxed, sites, protocol)
            return relaxed
        if step and abs(np.log(lattice) - last[0]) > 1e-6:
            stiffness = float(np.clip((stress - last[1]) / (np.log(lattice) - last[0]), 100.0, 3000.0))
        last = (float(np.log(lattice)), stress)
        stretch = float(np.exp(np.clip(-stress / stiffness, -0.04, 0.04)))
        lattice *= stretch
        if not 0.8 < lattice / start < 1.25:
            raise Unphysical(f"the lattice constant ran from {start:.3f} to {lattice:.3f} angstrom")
        session.move(session.cell * stretch, session.positions() * stretch)
    raise Unphysical(f"the volume did not converge: {stress:.2g} GPa are left")


def _require_on_sites(relaxed: Relaxed, sites: Sites, protocol: Protocol) -> None:
    steps = relaxed.positions / relaxed.lattice_angstrom - sites.positions
    farthest = float(np.linalg.norm(steps - steps.mean(axis=0), axis=1).max()) * np.sqrt(2.0)
    if farthest > protocol.escape:
        raise Unphysical(f"an atom moved {farthest:.2f} nearest-neighbour distances: the crystal is no longer its own")


def bulk_modulus(session: Session, relaxed: Relaxed, protocol: Protocol) -> float:
    """d(mean stress) / d(ln V) in GPa, ions relaxed, by a central difference of hydrostatic strains."""
    column = _response(session, relaxed, np.eye(3), protocol)
    return float(column[:3].mean() / 3.0)


def stiffness_matrix(session: Session, relaxed: Relaxed, protocol: Protocol) -> Array:
    """d(stress) / d(strain) (6, 6) in GPa, ions relaxed, Voigt order xx yy zz yz xz xy."""
    places = [(0, 0), (1, 1), (2, 2), (2, 1), (2, 0), (1, 0)]
    columns = []
    for row, column in places:
        direction = np.zeros((3, 3))
        direction[row, column] = 1.0
        columns.append(_response(session, relaxed, direction, protocol))
    return np.stack(columns, axis=1)


def _response(session: Session, relaxed: Relaxed, direction: Array, protocol: Protocol) -> Array:
    """Central difference (6,) in GPa of the stress along a strain direction (3, 3), lower triangular.

    The ions of the second strain start from the first's displacements mirrored, which linear response makes exact.
    """
    up, down = (np.eye(3) + sign * protocol.strain * direction for sign in (1.0, -1.0))
    session.move(relaxed.cell @ up, relaxed.positions @ up)
    session.relax(protocol.force_ev_per_angstrom)
    stress_up = session.stress()
    shift = session.positions() @ np.linalg.inv(up) - relaxed.positions
    session.move(relaxed.cell @ down, (relaxed.positions - shift) @ down)
    session.relax(protocol.force_ev_per_angstrom)
    return (stress_up - session.stress()) / (2.0 * protocol.strain)


def pure_crystals(session: Session, present: npt.NDArray[np.bool_]) -> Array:
    """Lattice constant (angstrom) and energy (eV/atom) (k, 2) of the pure fcc elements that are present (k,).

    Kept for as long as the session lives; zeros for absent elements.
    """
    for index in np.flatnonzero(present):
        if index not in session.pure:
            session.pure[int(index)] = _pure(session, int(index))
    return np.array([session.pure[i] if there else (0.0, 0.0) for i, there in enumerate(present)])


def _pure(session: Session, index: int) -> tuple[float, float]:
    """Four atoms suffice, as symmetry leaves no forces; the minimum next to what the potential's header states."""
    sites, start = fcc(1), session.potential.lattice[index]
    try:
        relaxed = relax(session, sites, np.full(4, index + 1), start, Protocol(stress_gpa=1e-4))
    except Unphysical as problem:
        raise Unphysical(f"pure fcc {session.potential.elements[index]}: {problem}") from problem
    return relaxed.lattice_angstrom, relaxed.energy_ev_per_atom
