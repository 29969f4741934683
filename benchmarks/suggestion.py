"""This file is what one suggestion costs and is worth: CPU seconds and joint acquisition value of a batch of four.

    python benchmarks/suggestion.py [--seeds 3] [--peers] [--skip-raw] [--only growth] [--plot FILE.png]

Case: five fractions of 5 to 35 at.% that sum to one, two noisy objectives, n observations drawn uniformly. Every
batch is scored by one judge: BoTorch's qLogNEHVI with 1024 samples on our fitted model, all four points jointly.
Seconds are CPU seconds of the whole process, one thread, fit included, imports and first calls excluded.
"""

import argparse
import os
import resource
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch

from eutectic.optimizers.base import Array, History, Mixture, Space
from eutectic.optimizers.bayesian.bayesian import Bayesian
from eutectic.optimizers.models.belief import Belief, learn
from eutectic.optimizers.spaces import region

ELEMENTS = ("Co", "Cr", "Cu", "Fe", "Ni")
REFERENCE = np.array([1.0, 1.0])
Suggest = Callable[[Space, History, int], Array]


def simplex(k: int = 5, low: float = 0.05, high: float = 0.35) -> Space:
    """K continuous fractions."""
    mixture = Mixture(tuple(range(k)), (False,) * k)
    return Space(ELEMENTS[:k], ("fraction",) * k, np.full(k, low), np.full(k, high), mixtures=(mixture,))


def grid() -> Space:
    """Six elements, 5 to 35 at.% in steps of 5 or absent, three to five present: 11,001 points."""
    mixture = Mixture(tuple(range(6)), (True,) * 6, divisions=20, min_present=3, max_present=5)
    names = (*ELEMENTS, "Mn")
    return Space(names, ("fraction",) * 6, np.full(6, 0.05), np.full(6, 0.35), mixtures=(mixture,))


def losses(X: Array) -> Array:
    """Two smooth conflicting losses (n, 2) of fractions (n, k), with pair interactions."""
    rng = np.random.default_rng(5)
    k = X.shape[1]
    linear, pairs = rng.normal(size=(k, 2)), rng.normal(size=(2, k, k))
    curved = np.einsum("ni,mij,nj->nm", X, pairs, X)
    return X @ linear + 2 * curved + 0.3 * np.sin(9 * X[:, :2])


def history(space: Space, n: int, seed: int) -> History:
    """N uniform observations with noise of about 2 % of the range."""
    rng = np.random.default_rng(seed)
    X = region.sample(space, n, rng)
    Y = losses(X)
    Y = Y + 0.02 * Y.std(0) * rng.normal(size=Y.shape)
    return replace(History.observed(X, Y), reference=np.quantile(Y, 0.8, axis=0))


def ours(space: Space, seen: History, seed: int) -> Array:
    """A cold suggestion: no earlier fit to start from."""
    return Bayesian().ask(space, seen, 4, np.random.default_rng(seed))


def acquisition(belief: Belief, seen: History, samples: int, seed: int) -> Callable[[torch.Tensor], torch.Tensor]:
    """BoTorch's qLogNEHVI on our model."""
    from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
    from botorch.acquisition.multi_objective.objective import WeightedMCMultiOutputObjective
    from botorch.models import ModelListGP
    from botorch.sampling import SobolQMCNormalSampler

    assert seen.reference is not None
    found: Callable[[torch.Tensor], torch.Tensor] = qLogNoisyExpectedHypervolumeImprovement(
        ModelListGP(*[output.model for output in belief.outputs]),
        ref_point=(-seen.reference).tolist(),
        X_baseline=torch.tensor(seen.X),
        sampler=SobolQMCNormalSampler(torch.Size([samples]), seed=seed),
        objective=WeightedMCMultiOutputObjective(-torch.ones(2, dtype=torch.float64)),
        prune_baseline=True,
    )
    return found


def fit_botorch(seen: History, space: Space) -> None:
    """What raw BoTorch's own fit costs; the model itself is not used."""
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import ModelListGP, SingleTaskGP
    from botorch.models.transforms import Normalize
    from gpytorch.mlls import SumMarginalLogLikelihood

    bounds = torch.tensor(np.stack([space.lower, space.upper]))
    X, Y = torch.tensor(seen.X), torch.tensor(seen.Y)
    models = [SingleTaskGP(X, Y[:, [j]], input_transform=Normalize(space.d, bounds=bounds)) for j in range(2)]
    model = ModelListGP(*models)
    fit_gpytorch_mll(SumMarginalLogLikelihood(model.likelihood, model))


def raw_botorch(space: Space, seen: History, seed: int) -> Array:
    """BoTorch as documented: sequential greedy, 10 restarts from 512 raw samples, equality constraint (SLSQP)."""
    from botorch.optim import optimize_acqf

    fit_botorch(seen, space)
    belief = learn(space, seen, ())
    torch.manual_seed(seed)
    X, _ = optimize_acqf(
        acquisition(belief, seen, 128, seed),
        bounds=torch.tensor(np.stack([space.lower, space.upper])),
        q=4,
        num_restarts=10,
        raw_samples=512,
        equality_constraints=[(torch.arange(5), torch.ones(5, dtype=torch.float64), 1.0)],
        sequential=True,
    )
    return X.numpy()


def measure(suggest: Suggest, space: Space, seen: History, seed: int) -> tuple[float, Array]:
    """CPU seconds and the batch."""
    start = time.process_time()
    X = suggest(space, seen, seed)
    return time.process_time() - start, X


def compare(seeds: int, suggesters: dict[str, Suggest]) -> dict[str, dict[int, Array]]:
    """One markdown row a size and a suggester: mean CPU seconds, mean and least joint value less raw BoTorch's.

    Returned are the CPU seconds (seeds,) of each suggester at each size.
    """
    space = simplex()
    costs: dict[str, dict[int, Array]] = {name: {} for name in suggesters}
    print("| n | who | CPU s | joint log acquisition | above raw BoTorch (worst seed) |\n|---|---|---|---|---|")
    for suggest in suggesters.values():
        suggest(space, history(space, 12, 99), 0)
    for n in (20, 60, 150):
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in suggesters}
        for seed in range(seeds):
            seen = history(space, n, seed)
            judge = acquisition(learn(space, seen, ()), seen, 1024, 1000 + seed)
            for name, suggest in suggesters.items():
                seconds, X = measure(suggest, space, seen, seed)
                with torch.no_grad():
                    found[name].append((seconds, float(judge(torch.tensor(X)[None])[0])))
        base = np.array(found.get("raw BoTorch", found["eutectic"]))[:, 1]
        for name, pairs in found.items():
            seconds, values = np.array(pairs).T
            costs[name][n], gain = seconds, values - base
            print(
                f"| {n} | {name} | {seconds.mean():.2f} | {values.mean():.3f} "
                f"| {gain.mean():+.3f} ({gain.min():+.3f}) |",
                flush=True,
            )
    return costs


def listed(seeds: int) -> None:
    """The 11,001-point composition grid."""
    space = grid()
    print("\n| points | n | CPU s a batch of 4 |\n|---|---|---|")
    ours(space, history(space, 12, 99), 0)
    for n in (20, 60, 150):
        seconds = [measure(ours, space, history(space, n, seed), seed)[0] for seed in range(seeds)]
        print(f"| {region.count(space)} | {n} | {np.mean(seconds):.2f} (most {max(seconds):.2f}) |", flush=True)


SIZES = ((6, 100, 2), (6, 1000, 2), (6, 5000, 2), (30, 100, 2), (60, 100, 2), *((6, 60, m) for m in range(2, 9)))
"""Variables, observations, objectives."""


def spread_out(d: int, n: int, m: int, seed: int) -> tuple[Space, History]:
    """A box and n uniform observations in batches of four of m distances to random points, rippled, 1 % noise."""
    rng = np.random.default_rng(seed)
    names = tuple(f"x{j}" for j in range(d))
    space = Space(names, tuple("continuous" for _ in names), np.zeros(d), np.ones(d))
    X, centres = rng.random((n, d)), rng.random((m, d))
    ripples = 0.05 * np.sin(7 * X[:, np.arange(m) % d])
    Y = ((X[:, None] - centres) ** 2).mean(-1) + ripples
    Y += 0.01 * Y.std(0) * rng.normal(size=Y.shape)
    seen = History.observed(X, Y)
    return space, replace(seen, reference=np.quantile(Y, 0.8, axis=0), round=np.arange(n) // 4)


def growth(seeds: int) -> dict[tuple[int, int, int], Array]:
    """CPU seconds (seeds,) of a batch of four as variables, observations and objectives grow; peak memory printed."""
    costs: dict[tuple[int, int, int], Array] = {}
    ours(*spread_out(6, 20, 2, 0), 0)
    print("\n| variables | observations | objectives | CPU s a batch of 4 | peak MB so far |\n|---|---|---|---|---|")
    for d, n, m in SIZES:
        seconds = [measure(ours, *spread_out(d, n, m, seed), seed)[0] for seed in range(seeds)]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"| {d} | {n} | {m} | {np.mean(seconds):.2f} (most {max(seconds):.2f}) | {peak} |", flush=True)
        costs[d, n, m] = np.array(seconds)
    return costs


def slices(grown: dict[tuple[int, int, int], Array]) -> list[tuple[str, str, dict[int, Array]]]:
    """What grows, what is held, and the CPU seconds by what grows."""
    by_n = {n: s for (d, n, m), s in sorted(grown.items()) if (d, m) == (6, 2)}
    by_d = {d: s for (d, n, m), s in grown.items() if (n, m) == (100, 2)}
    by_m = {m: s for (d, n, m), s in grown.items() if (d, n) == (6, 60)}
    return [
        ("observations", "6 variables, 2 objectives", by_n),
        ("variables", "100 observations, 2 objectives", by_d),
        ("objectives", "6 variables, 60 observations", by_m),
    ]


def draw(costs: dict[str, dict[int, Array]], grown: dict[tuple[int, int, int], Array], plot: Path) -> None:
    """CPU seconds of each suggester against observations, and of ours against each of what grows."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 4, figsize=(11, 2.9), layout="constrained")
    for name, found in costs.items():
        axes[0].plot(list(found), [s.mean() for s in found.values()], "o-", ms=4, label=name)
    axes[0].set(xlabel="observations", yscale="log")
    axes[0].set_title("five fractions, two objectives", fontsize=9)
    axes[0].set_ylabel("CPU s a batch of 4")
    axes[0].legend(fontsize=7, frameon=False)
    for axis, (label, title, sizes) in zip(axes[1:], slices(grown), strict=True):
        mean = [s.mean() for s in sizes.values()]
        axis.plot(list(sizes), mean, "o-", ms=4, label="eutectic")
        axis.set_title(title, fontsize=9)
        axis.set(xlabel=label, ylim=(0, 1.1 * max(mean)), xscale="log" if max(sizes) > 999 else "linear")
    figure.savefig(plot, dpi=80)


def main() -> None:
    """Read the options, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--peers", action="store_true", help="also BayBE and BoFire, where installed")
    parser.add_argument("--skip-raw", action="store_true", help="without raw BoTorch (slow)")
    parser.add_argument("--only", choices=["growth"], help="one table alone")
    parser.add_argument("--plot", type=Path, help="draw what was measured; not with --only")
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    if options.only == "growth":
        growth(options.seeds)
        return
    suggesters: dict[str, Suggest] = {"eutectic": ours}
    if not options.skip_raw:
        suggesters["raw BoTorch"] = raw_botorch
    if options.peers:
        from importlib.util import find_spec

        import emulator_peers as peers

        suggesters |= {n: peer for n, peer in (("baybe", peers.baybe), ("bofire", peers.bofire)) if find_spec(n)}
    grown = growth(options.seeds)
    costs = compare(options.seeds, suggesters)
    listed(options.seeds)
    if options.plot is not None:
        draw(costs, grown, options.plot)


if __name__ == "__main__":
    main()
