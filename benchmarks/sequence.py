"""This file is the sequence space: reinforcement learning, a genetic algorithm, Bayesian optimisation, one reward.

    python benchmarks/sequence.py [--seeds 5] [--evaluations 150] [--only NAME ...] [--results FILE] [--plot PNG]

Formulas in five steps, each one of 40 elements and a count from 0 to 9 (1.0e13 sequences). The reward asks for a
stable, cheap, plentiful compound whose bands lie about the potentials of water; it is computed from element tables
alone and is no substitute for a calculation. Larger is better; the sum of

- Pauling's heat of formation in eV per atom, of the best assignment of one common oxidation state an element that is
  neutral and has every cation less electronegative than every anion; 0 without one (Pauling, The Nature of the Chemical
  Bond, 3rd ed. 1960, chapter 3: 23 kcal/mol a bond times the squared difference of electronegativity, less 55.4 for
  each N and 26.0 for each O; a cation of charge q makes q bonds, shared among the anions by their charges),
- minus the distance in eV of the mean electronegativity (geometric, Mulliken's scale) from 5.05 eV, the middle between
  the potentials at which water is reduced and oxidised: the middle of the gap (Butler and Ginley 1978,
  doi 10.1149/1.2131419),
- minus half the decimal logarithm of the elements' price in USD/kg, minus their HHI of reserves over 10,000 (screens),
- 1 if the formula is neutral and 1 if its electronegativities are in order (the rewards of Karpovich, Pan and Olivetti
  2024, doi 10.1038/s41524-024-01474-5). The weights are ours.

All start from the same 20 random formulas of each seed and go on in batches of 10. Results are added to FILE line by
line, so that a stopped program goes on; CPU seconds are those of the proposals alone.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence as Listed
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from eutectic.campaigns.problem.representations import rows_of_space
from eutectic.generators.representations.catalogue import described
from eutectic.generators.sequence import Sequence, amounts
from eutectic.optimizers.base import Array, History, Optimizer, Space
from eutectic.optimizers.bayesian.bayesian import Bayesian
from eutectic.optimizers.designs.uniform import Uniform
from eutectic.optimizers.evolutionary.evolution import Evolution
from eutectic.optimizers.policies.policy import Policy
from eutectic.optimizers.spaces import region
from eutectic.oracles.elements.data import column
from eutectic.oracles.elements.neutrality import assignments
from eutectic.oracles.rules.screens import screen_fractions
from eutectic.surrogates.base import Surrogate
from eutectic.surrogates.composite.represented import Represented
from eutectic.surrogates.gp.recipe import GaussianProcess

ELEMENTS = (
    "Li", "Na", "K", "Mg", "Ca", "Sr", "Ba", "Sc", "Y", "La", "Ti", "Zr", "Hf", "V", "Nb", "Ta", "Cr", "Mo", "W", "Mn",
    "Fe", "Co", "Ni", "Cu", "Zn", "Ag", "Cd", "Al", "Ga", "In", "Si", "Ge", "Sn", "Bi", "N", "P", "O", "S", "F", "Cl",
)  # fmt: skip
START, BATCH = 20, 10


def alike(space: Space) -> Surrogate:
    """The surrogate of a campaign: a process that sees which elements are alike."""
    seen = described(space, alike=True)
    assert seen is not None
    return Represented(GaussianProcess(), seen, rows_of_space(space))


WATER_EV = 4.44 + 1.23 / 2
"""Middle between H+/H2 and O2/H2O below the vacuum."""
KCAL_PER_MOL_EV = 23.06
METHODS: dict[str, Optimizer] = {
    "random": Uniform(),
    "evolution": Evolution(),
    "evolution, on the surrogate": Evolution(search="surrogate"),
    "policy, gradient": Policy(),
    "policy, dqn": Policy(method="dqn"),
    "policy, gradient, on the surrogate": Policy(search="surrogate"),
    "policy, dqn, on the surrogate": Policy(method="dqn", search="surrogate"),
    "bayesian, labels as names": Bayesian(),
    "bayesian": Bayesian().using((alike(Sequence(ELEMENTS).space),)),
}


def mulliken_ev() -> Array:
    """(40,) half the sum of first ionisation energy and electron affinity, eV, as pymatgen has them."""
    from pymatgen.core import Element

    elements = [Element(symbol) for symbol in ELEMENTS]
    return np.array([(e.ionization_energy + e.electron_affinity) / 2 for e in elements], dtype=float)


MULLIKEN_EV = mulliken_ev()


def pauling_ev_per_atom(total: Array) -> float:
    """Heat of formation, negative when stable, of counts (40,); 0 without a neutral assignment in order."""
    present = np.flatnonzero(total)
    symbols, amount = tuple(ELEMENTS[i] for i in present), total[present]
    states = assignments(symbols)
    if len(present) < 2 or states is None or states.ordered is None:
        return 0.0
    chi = column("electronegativity", symbols)
    heats = [0.0]
    for charge in states.charge[:, states.ordered & (amount @ states.charge == 0)].T:
        bonds = np.maximum(charge, 0) * amount
        share = np.maximum(-charge, 0) * amount / bonds.sum() if bonds.sum() else np.zeros(len(amount))
        energy = 23.0 * bonds @ (chi[:, None] - chi[None, :]) ** 2 @ share
        energy -= sum(loss * amount[symbols.index(s)] for s, loss in (("N", 55.4), ("O", 26.0)) if s in symbols)
        heats.append(-energy / KCAL_PER_MOL_EV / amount.sum())
    return float(min(heats))


def reward(X: Array) -> Array:
    """(n,) of sequences X (n, 10)."""
    total = amounts(X, len(ELEMENTS))
    share = total / total.sum(1, keepdims=True)
    names = ("price_usd_per_kg", "hhi_reserve", "charge_imbalance_e_per_atom", "electronegativity_balanced")
    price, risk, charge, balanced = screen_fractions(ELEMENTS, share, names).values()
    heat = np.array([pauling_ev_per_atom(row) for row in total])
    middle = np.exp(share @ np.log(MULLIKEN_EV))
    value = -heat - np.abs(middle - WATER_EV) - 0.5 * np.log10(price) - risk / 1e4 + (charge == 0) + balanced
    return np.asarray(value, dtype=float)


def run(method: str, space: Space, seed: int, evaluations: int) -> dict[str, object]:
    """Rewards in the order of evaluation, the best formula, CPU seconds a suggestion."""
    X = region.sample(space, START, np.random.default_rng([seed, 1]))
    value, seconds, batch = reward(X), [], 0
    while len(X) < evaluations:
        history = History.observed(X, -value[:, None])
        began = time.process_time()
        new = METHODS[method].ask(space, history, BATCH, np.random.default_rng([seed, 2, batch]))
        seconds.append(time.process_time() - began)
        X, value, batch = np.vstack([X, new]), np.concatenate([value, reward(new)]), batch + 1
    best = Sequence(ELEMENTS).generate(X[[value.argmax()]], np.random.default_rng(0))[0].variables["formula"]
    return {
        "method": method,
        "seed": seed,
        "rewards": value.tolist(),
        "best": best,
        "cpu_s": float(np.mean(seconds)),
    }


def table(rows: Listed[dict[str, object]]) -> None:
    """Best reward so far at some numbers of evaluations, mean and standard deviation over the seeds."""
    marks = (40, 60, 80, 100, 150, 200)
    marks = tuple(n for n in marks if n <= max(len(row["rewards"]) for row in rows))  # type: ignore[arg-type]
    print("| method | seeds | " + " | ".join(f"best at {n}" for n in marks) + " | CPU s a batch of 10 | best formula |")
    print("|---" * (4 + len(marks)) + "|")
    for method in METHODS:
        own = [row for row in rows if row["method"] == method]
        if not own:
            continue
        curves = np.array([np.maximum.accumulate(np.array(row["rewards"])) for row in own])
        spread = curves.std(0, ddof=1) if len(own) > 1 else np.zeros(curves.shape[1])
        cells = [f"{curves[:, n - 1].mean():.2f} ± {spread[n - 1]:.2f}" for n in marks]
        top = own[int(curves[:, -1].argmax())]["best"]
        seconds = np.mean([float(str(row["cpu_s"])) for row in own])
        print(f"| {method} | {len(own)} | " + " | ".join(cells) + f" | {seconds:.2f} | {top} |")


def plot(rows: Listed[dict[str, object]], path: str) -> None:
    """Mean and standard deviation of the best reward so far."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6.4, 4.0), dpi=90)
    for method in METHODS:
        own = [row["rewards"] for row in rows if row["method"] == method]
        if own:
            curves = np.maximum.accumulate(np.array(own, dtype=float), axis=1)
            n, mean, spread = np.arange(1, curves.shape[1] + 1), curves.mean(0), curves.std(0)
            (line,) = axes.plot(n, mean, label=method, lw=1.4)
            axes.fill_between(n, mean - spread, mean + spread, color=line.get_color(), alpha=0.12, lw=0)
    axes.set(xlabel="evaluations", ylabel="best reward so far", xlim=(START, None))
    axes.legend(fontsize=7, frameon=False)
    figure.tight_layout()
    figure.savefig(path)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--evaluations", type=int, default=150)
    parser.add_argument("--only", nargs="*", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--results", default="sequence.jsonl")
    parser.add_argument("--plot", default="")
    given = parser.parse_args()
    file, space = Path(given.results), Sequence(ELEMENTS).space
    rows = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    for seed in range(given.seeds):
        for method in given.only:
            if not any((row["method"], row["seed"]) == (method, seed) for row in rows):
                rows.append(run(method, space, seed, given.evaluations))
                with file.open("a") as out:
                    out.write(json.dumps(rows[-1]) + "\n")
    table(rows)
    if given.plot:
        plot(rows, given.plot)


if __name__ == "__main__":
    main()
