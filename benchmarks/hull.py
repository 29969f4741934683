"""This file is whether hull distances are exact: the oracle beside pymatgen's own values and beside linear programming.

    python benchmarks/hull.py        (writes docs/images/hull.png)

The data are those that pymatgen ships for fitting its corrections: experimental formation energies of compounds, and
computed entries of the Materials Project. One system of eight elements is taken whole, with random mixtures; beside it
compounds of the whole list, each in its own system.
"""

import gzip
import json
import os
import tempfile
import time
import warnings
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from eutectic.oracles.base import Candidate
from eutectic.oracles.stability.hull import Hull

EIGHT = ("Al", "Ca", "Fe", "K", "Mg", "Na", "O", "Si")
RNG = np.random.default_rng(0)
Case = tuple[dict[str, float], float]
"""Atomic fractions, eV/atom."""


def shipped(name: str) -> list[dict[str, object]]:
    """The rows of one of pymatgen's two lists."""
    packed = (files("pymatgen.analysis") / "compatibility" / f"{name}_compounds.json.gz").read_bytes()
    content = json.loads(gzip.decompress(packed))
    rows = list(content.values()) if isinstance(content, dict) else content
    return [row for row in rows if isinstance(row, dict)]


def fractions(formula: str) -> dict[str, float]:
    from pymatgen.core import Composition

    content = Composition(formula).fractional_composition.get_el_amt_dict()
    return {str(e): float(x) for e, x in content.items()}


def atoms(formula: str) -> float:
    from pymatgen.core import Composition

    return float(Composition(formula).num_atoms)


def by_programming(case: Case, phases: Sequence[Case]) -> float:
    """Distance by minimising the energy of a mixture of phases with the composition of the candidate."""
    from scipy.optimize import linprog

    composition, energy = case
    elements = sorted(composition)
    inside = [phase for phase in phases if set(phase[0]) <= set(elements)]
    balance = np.array([[phase[0].get(e, 0.0) for phase in inside] for e in elements])
    goal = [composition[e] for e in elements]
    done = linprog([e for _, e in inside], A_eq=balance, b_eq=goal, method="highs-ds")
    return float(energy - done.fun)


def by_pymatgen(case: Case, phases: Sequence[Case]) -> float:
    """Distance by pymatgen's diagram of all phases of the candidate's elements."""
    from pymatgen.analysis.phase_diagram import PDEntry, PhaseDiagram
    from pymatgen.core import Composition

    composition, energy = case
    inside = [PDEntry(Composition(x), e) for x, e in phases if set(x) <= set(composition)]
    entry = PDEntry(Composition(composition), energy)
    distance = PhaseDiagram(inside).get_decomp_and_e_above_hull(entry, allow_negative=True, check_stable=False)[1]
    assert distance is not None
    return float(distance)


def asked(oracle: Hull, cases: Sequence[Case]) -> tuple[list[float], float, float]:
    """Distances, and CPU ms a candidate at the first and at the second asking."""
    candidates = [Candidate({}, x).knowing({oracle.energy: e}) for x, e in cases]
    spent = []
    for _ in range(2):
        start = time.process_time()
        seen = oracle.evaluate(candidates, RNG)
        spent.append(1e3 * (time.process_time() - start) / len(cases))
    return [one.values["energy_above_hull_ev_per_atom"] for one in seen], spent[0], spent[1]


def measured() -> tuple[list[Case], Hull]:
    """All experimental compounds with their formation energies, and the oracle that reads them as CSV, per formula."""
    rows = [(str(row["formula"]), float(str(row["exp energy"]))) for row in shipped("exp")]
    folder = tempfile.mkdtemp()
    lines = ["formula,energy", *(f"{formula},{energy!r}" for formula, energy in rows)]
    Path(folder, "measured.csv").write_text("\n".join(lines), encoding="utf-8")
    oracle = Hull(str(Path(folder, "measured.csv")), per="formula")
    return [(fractions(formula), energy / atoms(formula)) for formula, energy in rows], oracle


def computed() -> tuple[list[Case], Hull]:
    """Computed entries whose elements are all there, and the oracle that reads them as Materials Project JSON."""
    rows = shipped("calc")
    amounts = [dict(row["composition"]) for row in rows]  # type: ignore[call-overload]
    pure = {e for content in amounts if len(content) == 1 for e in content}
    kept = [(row, content) for row, content in zip(rows, amounts, strict=True) if pure.issuperset(content)]
    file = Path(tempfile.mkdtemp(), "computed.json")
    file.write_text(json.dumps([row for row, _ in kept]), encoding="utf-8")
    cases = []
    for row, content in kept:
        count = sum(content.values())
        cases.append(({e: n / count for e, n in content.items()}, float(row["energy"]) / count))  # type: ignore[arg-type]
    return cases, Hull(str(file), energy="energy_ev_per_atom", kind="total")


def main() -> None:
    known, oracle = measured()
    phases = known + [({e: 1.0}, 0.0) for e in sorted({e for x, _ in known for e in x})]
    compounds = [known[i] for i in RNG.permutation(len(known))[:200]]
    inside = [case for case in known if set(case[0]) <= set(EIGHT)]
    mixtures = [
        (dict(zip(EIGHT, map(float, x), strict=True)), float(e))
        for x, e in zip(RNG.dirichlet(np.ones(8), 200), RNG.uniform(-3, 0, 200), strict=True)
    ]
    entries, other = computed()
    sets = {
        "200 measured compounds": (oracle, compounds, phases),
        f"200 mixtures of eight elements ({len(inside)} compounds)": (oracle, mixtures, phases),
        f"{len(entries)} computed entries": (other, entries, entries),
    }
    print("| candidates | elements | distances | differ from pymatgen | from linear programming | first, again |")
    print("|---|---|---|---|---|---|")
    points = {name: row(name, *content) for name, content in sets.items()}
    plot(points)


def row(name: str, oracle: Hull, cases: Sequence[Case], phases: Sequence[Case]) -> tuple[list[float], list[float]]:
    """Print a line of the table; distances, and their differences from linear programming."""
    seen, first, again = asked(oracle, cases)
    theirs = [by_pymatgen(case, phases) for case in cases[:200]]
    exact = [by_programming(case, phases) for case in cases]
    ours = np.array(seen)
    sizes = sorted({len(x) for x, _ in cases})
    print(
        f"| {name} | {sizes[0]} to {sizes[-1]} | {round(ours.min(), 3) + 0.0:.3f} to {ours.max():.3f} "
        f"| {np.abs(ours[:200] - theirs).max():.1e} | {np.abs(ours - exact).max():.1e} | {first:.1f}, {again:.2f} |"
    )
    return seen, [float(d) for d in np.abs(ours - exact)]


def plot(points: dict[str, tuple[list[float], list[float]]]) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(5.5, 3.2))
    for name, (distances, differences) in points.items():
        axes.plot(distances, np.maximum(differences, 1e-17), ".", ms=4, label=name)
    axes.set(yscale="log", ylim=(5e-18, 1e-8), xlabel="energy above hull, eV/atom", ylabel="difference, eV/atom")
    axes.axhline(1e-9, color="grey", lw=0.8)
    axes.legend(fontsize=6, loc="center right")
    figure.tight_layout()
    figure.savefig(Path(__file__).parents[1] / "docs" / "images" / "hull.png", dpi=100)


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pymatgen remarks on elements without electronegativity
        main()
