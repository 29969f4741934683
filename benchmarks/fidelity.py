"""This file is the benchmark of the ladder: what it costs to find the best, with one rung and with several.

    EUTECTIC_DATA=... python benchmarks/fidelity.py [--seeds 30] [--policies single gates ...] [--save traces.json]
    EUTECTIC_DATA=... python benchmarks/fidelity.py --plot docs/images/fidelity.png --saved traces.json

Perovskites: the public tables of Kim et al. 2017 (doi 10.1038/sdata.2017.57), 192 combinations of organic cation, metal
and halide; the cheap rung is the GGA gap (cost 0.1), the dear one the HSE06 gap (cost 1), and what is wanted is the
combination with the smallest HSE06 gap. Whole campaigns from YAML; the cost is counted until that combination has been
asked on the dear rung.
"""

import argparse
import csv
import json
import os
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import yaml

from eutectic.campaigns.campaign import Campaign

COST = {"gga": 0.1, "hse06": 1.0}
FIRST = 10
"""Candidates that begin every campaign, drawn by Sobol's sequence; as many as in benchmarks/pools.py."""


@dataclass(frozen=True)
class Trace:
    """One campaign: cost spent after each value of the top rung, and the best so far."""

    cost: list[float]
    best: list[float]
    cpu_s: float

    def until(self, target: float) -> float:
        """Cost when the target was first reached; infinite when it was not."""
        return next((c for c, b in zip(self.cost, self.best, strict=True) if b <= target + 1e-9), float("inf"))


def perovskites(folder: Path, data: Path) -> float:
    """Write pool.csv (descriptors, both gaps) and give the smallest HSE06 gap, eV."""
    home = data / "hoip_multifidelity_kim2017"
    names = {part: json.loads((home / f"{part}.json").read_text()) for part in ("organics", "cations", "anions")}
    tables = {part: {key.lower(): value for key, value in table.items()} for part, table in names.items()}
    gaps: dict[tuple[str, ...], list[float]] = {}
    with (home / "hoip_kim2017.csv").open() as file:
        for row in csv.DictReader(file):
            key = (row["organic"].lower(), row["cation_metal"].lower(), row["anion"].lower())
            low, high = gaps.setdefault(key, [np.inf, np.inf])
            gaps[key] = [min(low, float(row["bandgap_gga"])), min(high, float(row["bandgap_hse06"]))]
    columns = [f"{part}_{name}" for part, table in tables.items() for name in next(iter(table.values()))]
    with (folder / "pool.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*columns, "low", "gap_ev"])
        for key, (low, high) in gaps.items():
            found = [tables[part][name].values() for part, name in zip(tables, key, strict=True)]
            writer.writerow([*(v for values in found for v in values), low, high])
    for name, column in (("gga", "low"), ("hse06", "gap_ev")):
        _renamed(folder / "pool.csv", folder / f"{name}.csv", columns, column)
    return min(high for _, high in gaps.values())


def _renamed(source: Path, target: Path, columns: list[str], column: str) -> None:
    """The table of one rung, its value under the name that both rungs return."""
    with source.open() as file, target.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow([*columns, "gap_ev"])
        writer.writerows([[*(row[c] for c in columns), row[column]] for row in csv.DictReader(file)])


def campaign_file(folder: Path, seed: int, policy: str, first: int) -> Path:
    """A campaign over the pool; `policy` is single, gates or multifidelity."""
    rungs = ["hse06"] if policy == "single" else ["gga", "hse06"]
    with (folder / "pool.csv").open() as file:
        features = next(csv.reader(file))[:-2]
    content = {
        "name": f"{policy}-{seed}",
        "seed": seed,
        "space": {"use": "pool", "file": "pool.csv", "features": features},
        "objectives": {"gap_ev": "minimize"},
        "oracles": [
            {"name": name, "use": "table", "file": f"{name}.csv", "properties": ["gap_ev"], "cost": COST[name]}
            for name in rungs
        ],
        "optimizers": [{"use": "sobol", "evaluations": first}, {"use": "bayesian"}],
        "budget": {"cost": 60, "batch": 1},
        "tracking": {"enabled": False},
    }
    if policy != "single":
        content["fidelity"] = {"policy": policy}
    path = folder / f"{policy}.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def run(folder: Path, seed: int, policy: str, target: float, first: int) -> Trace:
    """One campaign until it has found the target."""
    began, cost, best = time.process_time(), [], []
    with Campaign.from_yaml(campaign_file(folder, seed, policy, first), folder / f"{policy}-{seed}") as campaign:
        for _ in campaign.rounds():
            outcomes = [o for o in campaign.ledger.outcomes if o.evaluations]
            spent = sum(COST[e.oracle] for o in outcomes for e in o.evaluations if "reused" not in e.provenance)
            found = min((o.losses[0] for o in outcomes if np.isfinite(o.losses[0])), default=np.inf)
            cost.append(spent)
            best.append(found)
            if found <= target + 1e-9:
                break
    return Trace(cost, best, time.process_time() - began)


def plot(saved: list[Path], target: Path, best: float) -> None:
    """Share of the campaigns that have found the best, against the cost spent."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(5.2, 3.2), layout="constrained")
    for policy, found in (pair for path in saved for pair in json.loads(path.read_text()).items()):
        costs = sorted(Trace(**trace).until(best) for trace in found)
        shares = np.arange(1, len(costs) + 1) / len(costs)
        axes.step([0, *costs], [0, *shares], where="post", label=policy)
    axes.set(xlabel="cost (GGA 0.1, HSE06 1)", ylabel="share of campaigns that found the best")
    axes.legend()
    figure.savefig(target, dpi=90)


def main() -> None:
    """Print the table, or draw the plot of saved traces."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--policies", nargs="+", default=["single", "gates", "multifidelity"])
    parser.add_argument("--from", dest="begin", type=int, default=0, help="the first seed")
    parser.add_argument("--first", type=int, default=FIRST)
    parser.add_argument("--save", type=Path, help="JSON of all traces, for the plot")
    parser.add_argument("--plot", type=Path, help="draw what --saved files hold, and run nothing")
    parser.add_argument("--saved", type=Path, nargs="+", default=[])
    options = parser.parse_args()
    data = os.environ.get("EUTECTIC_DATA")
    if not data:
        sys.exit("set EUTECTIC_DATA to the folder that holds hoip_multifidelity_kim2017/")
    traces: dict[str, list[Trace]] = {policy: [] for policy in options.policies}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        target = perovskites(folder, Path(data))
        if options.plot:
            plot(options.saved, options.plot, target)
            return
        for seed in range(options.begin, options.seeds):
            for policy in options.policies:
                traces[policy].append(run(folder, seed, policy, target, options.first))
            print(seed, {policy: round(found[-1].until(target), 2) for policy, found in traces.items()}, flush=True)
    if options.save:
        options.save.write_text(json.dumps({p: [asdict(trace) for trace in found] for p, found in traces.items()}))
    print("| policy | cost until the best, mean (median, worst) | CPU s a campaign |\n|---|---|---|")
    for policy, found in traces.items():
        costs = np.array([trace.until(target) for trace in found])
        spent = np.mean([trace.cpu_s for trace in found])
        print(f"| {policy} | {costs.mean():.1f} ({np.median(costs):.1f}, {costs.max():.1f}) | {spent:.1f} |")


if __name__ == "__main__":
    main()
