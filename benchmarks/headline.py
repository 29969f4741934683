"""This file is the headline benchmark: the bundled alloy campaign against random search by the same oracle.

    python benchmarks/headline.py random --n 2000 --dir runs/random     resumable; hours
    python benchmarks/headline.py campaign --dir runs/headline          minutes
    python benchmarks/headline.py compare --random runs/random --campaign runs/headline [...]

`compare` fits a Gaussian process to each property over all random evaluations, searches it densely (each composition
at 1 at.%) for the front a perfect search would find, and prints each campaign's hypervolume beside it: as measured,
and by the fitted means at its candidates, which are free of the luck of noisy maxima.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.file.examples import bundled
from eutectic.campaigns.record.ledger import read_ledger
from eutectic.campaigns.record.outcomes import Ledger
from eutectic.campaigns.record.volume import hypervolume
from eutectic.generators.composition import Composition
from eutectic.optimizers.base import Array
from eutectic.optimizers.spaces.region import enumerate_points
from eutectic.surrogates.base import Domain
from eutectic.surrogates.gp.recipe import GaussianProcess

EXAMPLE = "multi_principal_alloy.yaml"


def run(folder: Path, overrides: tuple[str, ...]) -> None:
    """Run the bundled campaign, or go on with it."""
    campaign = (
        Campaign.open(folder)
        if (folder / "journal.sqlite").exists()
        else Campaign.from_yaml(bundled(EXAMPLE), folder, overrides)
    )
    began = time.time()
    for finished in campaign.rounds():
        print(f"round {finished.index}: hypervolume {finished.hypervolume}", flush=True)
    print(f"wall {time.time() - began:.0f} s, {len(campaign.ledger.finished)} evaluations")
    campaign.close()


def losses(ledger: Ledger) -> Array:
    """Losses (n, m) of everything finished."""
    return np.array([o.losses for o in ledger.finished])


def fitted(ledger: Ledger, points: Array) -> Array:
    """Posterior mean losses (p, m) at points (p, d), from a Gaussian process over the ledger's outcomes."""
    X = np.array([o.x for o in ledger.finished])
    domain = Domain(np.full(X.shape[1], 0.05), np.full(X.shape[1], 0.35))
    model = GaussianProcess().fit(X, losses(ledger), domain=domain)
    return np.vstack([model.posterior(part).mean for part in np.array_split(points, max(1, len(points) // 2000))])


def compare(random: Path, campaigns: list[Path]) -> None:
    """Print the table."""
    sample = read_ledger(random)
    elements = {name: [0.05, 0.35] for name in sample.outcomes[0].variables}
    grid = enumerate_points(Composition(elements=elements, step=0.01).space)
    assert grid is not None
    reference = np.array([goal.signed(goal.reference) for goal in sample.spec.goals])
    best = hypervolume(fitted(sample, grid), reference)
    print(f"front of the dense search over {len(grid)} compositions: hypervolume {best:.1f}")
    print("| run | evaluations | hypervolume measured | of the front | hypervolume by fitted means | of the front |")
    print("|---|---|---|---|---|---|")
    for folder in (random, *campaigns):
        ledger = read_ledger(folder)
        measured = hypervolume(losses(ledger), reference)
        denoised = hypervolume(fitted(sample, np.array([o.x for o in ledger.finished])), reference)
        name = f"{ledger.spec.name} (seed {ledger.spec.seed})"
        print(
            f"| {name} | {len(ledger.finished)} | {measured:.1f} | {measured / best:.3f} "
            f"| {denoised:.1f} | {denoised / best:.3f} |"
        )


def main() -> None:
    """Choose what to run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    random = commands.add_parser("random")
    random.add_argument("--n", type=int, default=2000)
    random.add_argument("--dir", type=Path, required=True)
    headline = commands.add_parser("campaign")
    headline.add_argument("--dir", type=Path, required=True)
    headline.add_argument("--seed", type=int, default=7)
    comparison = commands.add_parser("compare")
    comparison.add_argument("--random", type=Path, required=True)
    comparison.add_argument("--campaign", type=Path, nargs="+", required=True)
    arguments = parser.parse_args()
    if arguments.command == "random":
        settings = ("name=random", "optimizers=[{use: sobol, sets: 1}]", "budget.batch=20")
        settings += (f"budget.evaluations={arguments.n}",)
        run(arguments.dir, settings)
    elif arguments.command == "campaign":
        run(arguments.dir, (f"seed={arguments.seed}",))
    else:
        compare(arguments.random, arguments.campaign)


if __name__ == "__main__":
    main()
