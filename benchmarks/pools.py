"""This file is the benchmark over finite pools: enrichment of the best 5 % through whole campaigns from YAML files.

    EUTECTIC_DATA=... python benchmarks/pools.py [--seeds 10] [--batch 1] [--surrogate gp] [--only oer_plate ...]

Enrichment is the share of the pool's best 5 % found divided by the share of the pool measured; random search scores 1.
Every row is one pool: mean and standard deviation over the seeds, CPU seconds a suggestion.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from campaigns.campaign import Campaign


@dataclass(frozen=True)
class Pool:
    """A finite list with one measured property."""

    table: pd.DataFrame
    """One row a design (replicates averaged), the property last."""
    goal: str
    evaluations: int

    @property
    def best(self) -> set[tuple[float, ...]]:
        """The designs among the best 5 % (ties at the edge included)."""
        y = self.table.iloc[:, -1] * (1 if self.goal == "minimize" else -1)
        edge = np.sort(y)[max(1, round(0.05 * len(y))) - 1]
        return {tuple(row) for row in self.table[y <= edge].iloc[:, :-1].to_numpy()}


def read(name: str, data: Path) -> Pool:
    """One of the public pools; replicates are averaged, as their authors do."""
    if name == "oer_plate":
        columns = [
            p["name"] for p in json.loads((data / "oer_plate/oer_plate_3496.config.json").read_text())["parameters"]
        ]
        table = pd.read_csv(
            data / "oer_plate/oer_plate_3496.data.csv", header=None, names=[*columns, "overpotential_v"]
        )
        goal, evaluations = "minimize", 100
    else:
        goal, evaluations = {
            "Crossed_barrel": ("maximize", 100),
            "AgNP": ("minimize", 60),
            "P3HT": ("maximize", 60),
            "Perovskite": ("minimize", 30),
            "AutoAM": ("maximize", 30),
        }[name]
        table = pd.read_csv(data / f"pvlab_benchmarking/{name}_dataset.csv", encoding="utf-8-sig")
    features = [f"x{i}" for i in range(table.shape[1] - 1)]
    table.columns = [*features, "y"]
    return Pool(table.groupby(features, as_index=False)["y"].mean(), goal, evaluations)


def campaign_file(folder: Path, pool: Pool, seed: int, batch: int, surrogate: str) -> Path:
    """A campaign over the pool, with its CSV beside it."""
    pool.table.to_csv(folder / "pool.csv", index=False)
    content = {
        "name": f"pool-{seed}",
        "seed": seed,
        "space": {"use": "pool", "file": "pool.csv", "features": list(pool.table.columns[:-1])},
        "objectives": {"y": pool.goal},
        "oracles": [{"use": "table", "file": "pool.csv", "properties": ["y"]}],
        "surrogates": {"default": {"use": surrogate}},
        "optimizers": [{"use": "sobol", "evaluations": 10}, {"use": "bayesian"}],
        "budget": {"evaluations": pool.evaluations, "batch": batch},
        "tracking": {"enabled": False},
    }
    path = folder / "campaign.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def enrichment(pool: Pool, seed: int, batch: int, surrogate: str) -> tuple[float, float]:
    """Enrichment of one campaign, and the CPU seconds it took a suggestion."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        began = time.process_time()
        campaign = Campaign.from_yaml(campaign_file(folder, pool, seed, batch, surrogate), folder / "run")
        rounds = sum(1 for _ in campaign.rounds())
        spent = time.process_time() - began
        seen = {o.x for o in campaign.ledger.finished}
        campaign.close()
    found = len(seen & pool.best) / len(pool.best)
    return found / (len(seen) / len(pool.table)), spent / rounds


def rows(arguments: argparse.Namespace, data: Path) -> Iterator[str]:
    """One table row a pool."""
    for name in arguments.only:
        pool = read(name, data)
        results = np.array(
            [enrichment(pool, seed, arguments.batch, arguments.surrogate) for seed in range(arguments.seeds)]
        )
        mean, spread = results[:, 0].mean(), results[:, 0].std(ddof=1) if len(results) > 1 else float("nan")
        yield (
            f"| {name} | {len(pool.table)} | {pool.evaluations} | {arguments.batch} | {mean:.2f} ± {spread:.2f} "
            f"| {results[:, 1].mean():.2f} |"
        )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--surrogate", default="gp")
    parser.add_argument(
        "--only", nargs="+", default=["oer_plate", "Crossed_barrel", "AgNP", "P3HT", "Perovskite", "AutoAM"]
    )
    data = os.environ.get("EUTECTIC_DATA")
    if not data:
        sys.exit("set EUTECTIC_DATA to the folder that holds oer_plate/ and pvlab_benchmarking/")
    print("| pool | designs | evaluations | batch | enrichment of the best 5 % | CPU s a suggestion |")
    print("|---|---|---|---|---|---|")
    for row in rows(parser.parse_args(), Path(data)):
        print(row, flush=True)


if __name__ == "__main__":
    main()
