"""This file is the training of a generator's network: one loop for all engines, resumable and the same each time.

AdamW (Loshchilov & Hutter 2019, arXiv 1711.05101) with a warm-up, a cosine to nothing over the steps of the budget, an
exponential moving average of the weights, and the average that validated best kept beside the last. Every step draws
its batch, noise and dropout from the seed and its own number, so that a run that was interrupted ends where it would
have.
"""

import contextlib
import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

Index = npt.NDArray[np.int64]
CHUNK = 20
"""Batches out of which rows are sorted by length, so that little is padding."""
MEASURED = 12
"""Steps by which a budget in minutes is turned into steps."""
STATE = "training"


class Learner(Protocol):
    """A network with what it learns from."""

    @property
    def module(self) -> nn.Module:
        """What is trained."""
        ...

    @property
    def lengths(self) -> Index:
        """(n,) size of each row it learns from; rows of a batch are of like size."""
        ...

    def loss(self, rows: Index, rng: np.random.Generator) -> Tensor:
        """Mean loss of those rows."""
        ...

    def validate(self) -> dict[str, float]:
        """Measures on rows it does not learn from; the first of them decides which weights are best (least)."""
        ...


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how."""

    steps: int
    batch: int = 128
    rate: float = 1e-3
    """Highest learning rate."""
    decay: float = 0.05
    """Weight decay, of matrices alone."""
    warm_up: int = 100
    """Steps until the rate is highest."""
    average: float = 0.999
    """Share of the moving average that remains at a step (less in the first steps)."""
    clip: float = 1.0
    """Largest norm of a gradient."""
    validate: int = 250
    """Steps between validations, after each of which the state is saved."""
    seed: int = 0

    def rate_at(self, step: int) -> float:
        """Learning rate of a step."""
        if step < self.warm_up:
            return self.rate * (step + 1) / self.warm_up
        done = (step - self.warm_up) / max(1, self.steps - self.warm_up)
        return self.rate * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


@dataclass(slots=True)
class Progress:
    """Where a training is."""

    step: int = 0
    cpu_s: float = 0.0
    loss: float = math.nan
    """Mean since the last validation."""
    best: float = math.inf
    best_step: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    """A row a validation: step, loss, rate, measures."""


def train(
    learner: Learner, schedule: Schedule, folder: Path, report: Callable[[Progress], None] | None = None
) -> Progress:
    """Train, or go on with the training that `folder` holds; at the end the module holds the best average.

    `report` is called after each validation. ValueError when the folder holds a training of another schedule or
    network; FloatingPointError when the loss is no number any more.
    """
    folder.mkdir(parents=True, exist_ok=True)
    module = learner.module
    average = {name: value.detach().clone() for name, value in module.state_dict().items()}
    best = {name: value.clone() for name, value in average.items()}
    optimizer = _optimizer(module, schedule)
    progress = _restored(folder, schedule, module, average, best, optimizer)
    batches, epoch = _at(learner, schedule, progress.step)
    losses: list[float] = []
    started, before = time.process_time(), progress.cpu_s
    while progress.step < schedule.steps:
        rows = next(batches, None)
        if rows is None:
            epoch += 1
            batches = _epoch(learner.lengths, schedule, epoch)
            continue
        losses.append(_step(learner, schedule, optimizer, average, progress.step, rows))
        progress.step += 1
        progress.cpu_s = before + time.process_time() - started
        if progress.step % schedule.validate == 0 or progress.step == schedule.steps:
            _validate(learner, schedule, average, best, progress, losses)
            losses = []
            _save(folder, schedule, module, average, best, optimizer, progress)
            if report is not None:
                report(progress)
    module.load_state_dict(best)
    module.eval()
    return progress


def steps_within(learner: Learner, schedule: Schedule, minutes: float) -> int:
    """Steps that so many CPU minutes hold, by a few that leave no trace."""
    kept = {name: value.detach().clone() for name, value in learner.module.state_dict().items()}
    optimizer = _optimizer(learner.module, schedule)
    batches = _epoch(learner.lengths, schedule, 0)
    started, steps = time.process_time(), 0
    for rows in batches:
        _step(learner, schedule, optimizer, {}, 0, rows)
        steps += 1
        if steps == MEASURED:
            break
    seconds = (time.process_time() - started) / steps
    learner.module.load_state_dict(kept)
    return max(MEASURED, round(60 * minutes / seconds))


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Torch's own randomness (dropout, first weights) from a seed, and as it was before afterwards."""
    with torch.random.fork_rng(devices=[]):
        torch.set_rng_state(torch.Generator().manual_seed(seed).get_state())
        yield


def _step(
    learner: Learner,
    schedule: Schedule,
    optimizer: torch.optim.Optimizer,
    average: dict[str, Tensor],
    step: int,
    rows: Index,
) -> float:
    """One step; the loss."""
    rate = schedule.rate_at(step)
    for group in optimizer.param_groups:
        group["lr"] = rate
    learner.module.train()
    with seeded(schedule.seed * 1_000_003 + step):
        loss = learner.loss(rows, np.random.default_rng([schedule.seed, 1, step]))
    if not math.isfinite(float(loss.detach())):
        raise FloatingPointError(f"the loss of step {step} is {float(loss.detach())}; try a lower rate")
    optimizer.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    nn.utils.clip_grad_norm_(learner.module.parameters(), schedule.clip)
    optimizer.step()
    share = min(schedule.average, (1 + step) / (10 + step))
    current = learner.module.state_dict()
    for name, value in average.items():
        if value.is_floating_point():
            value.lerp_(current[name].detach(), 1 - share)
        else:
            value.copy_(current[name])
    return float(loss.detach())


def _validate(
    learner: Learner,
    schedule: Schedule,
    average: dict[str, Tensor],
    best: dict[str, Tensor],
    progress: Progress,
    losses: list[float],
) -> None:
    """Measure the average, and keep it when it is the best."""
    module = learner.module
    current = {name: value.detach().clone() for name, value in module.state_dict().items()}
    module.load_state_dict(average)
    module.eval()
    with torch.no_grad():
        measures = learner.validate()
    module.load_state_dict(current)
    progress.loss = float(np.mean(losses))
    decisive = next(iter(measures.values()))
    rate = schedule.rate_at(progress.step - 1)
    progress.history.append(
        {"step": progress.step, "cpu_s": progress.cpu_s, "loss": progress.loss, "rate": rate, **measures}
    )
    if decisive < progress.best:
        progress.best, progress.best_step = decisive, progress.step
        for name, value in average.items():
            best[name].copy_(value)


def _optimizer(module: nn.Module, schedule: Schedule) -> torch.optim.AdamW:
    """AdamW that lets vectors (biases, norms) undecayed."""
    parameters = [p for p in module.parameters() if p.requires_grad]
    return torch.optim.AdamW(
        [
            {"params": [p for p in parameters if p.ndim > 1], "weight_decay": schedule.decay},
            {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
        ],
        lr=schedule.rate,
        betas=(0.9, 0.98),
        fused=True,
    )


def _epoch(lengths: Index, schedule: Schedule, epoch: int) -> Iterator[Index]:
    """Batches of an epoch: each row once, rows of like length together."""
    rng = np.random.default_rng([schedule.seed, 0, epoch])
    order = rng.permutation(len(lengths))
    for start in range(0, len(order), CHUNK * schedule.batch):
        chunk = order[start : start + CHUNK * schedule.batch]
        chunk = chunk[np.argsort(lengths[chunk], kind="stable")]
        batches = [chunk[k : k + schedule.batch] for k in range(0, len(chunk), schedule.batch)]
        for k in rng.permutation(len(batches)):
            yield batches[k]


def _at(learner: Learner, schedule: Schedule, step: int) -> tuple[Iterator[Index], int]:
    """The batches that remain after so many steps, and their epoch."""
    n, chunk = len(learner.lengths), CHUNK * schedule.batch
    if not n:
        raise ValueError("there is nothing to learn from")
    sizes = [min(chunk, n - start) for start in range(0, n, chunk)]
    each = sum(-(-size // schedule.batch) for size in sizes)
    epoch, done = divmod(step, each)
    batches = _epoch(learner.lengths, schedule, epoch)
    for _ in range(done):
        next(batches)
    return batches, epoch


def _save(
    folder: Path,
    schedule: Schedule,
    module: nn.Module,
    average: dict[str, Tensor],
    best: dict[str, Tensor],
    optimizer: torch.optim.Optimizer,
    progress: Progress,
) -> None:
    """Write the state whole or not at all."""
    kept = {f"now.{k}": v.detach().clone() for k, v in module.state_dict().items()}
    kept |= {f"average.{k}": v for k, v in average.items()} | {f"best.{k}": v for k, v in best.items()}
    for number, moments in optimizer.state_dict()["state"].items():
        kept |= {f"moments.{number}.{k}": torch.as_tensor(v) for k, v in moments.items()}
    content = json.dumps({"schedule": asdict(schedule), "progress": asdict(progress)})
    temporary = folder / f".{STATE}.tmp"
    save_file({k: v.contiguous() for k, v in kept.items()}, temporary, metadata={"state": content})
    temporary.replace(folder / f"{STATE}.safetensors")


def _restored(
    folder: Path,
    schedule: Schedule,
    module: nn.Module,
    average: dict[str, Tensor],
    best: dict[str, Tensor],
    optimizer: torch.optim.Optimizer,
) -> Progress:
    """What `_save` wrote, put back; a new beginning when there is nothing."""
    path = folder / f"{STATE}.safetensors"
    if not path.exists():
        return Progress()
    content = json.loads(metadata(path)["state"])
    if content["schedule"] != asdict(schedule):
        ours, its = asdict(schedule), content["schedule"]
        other = ", ".join(f"{k} {its.get(k)} there, {ours[k]} here" for k in ours if ours[k] != its.get(k))
        raise ValueError(f"{path} is of another training: {other}")
    kept = load_file(path)
    for prefix, target in (("now.", None), ("average.", average), ("best.", best)):
        part = {k.removeprefix(prefix): v for k, v in kept.items() if k.startswith(prefix)}
        if {k: v.shape for k, v in part.items()} != {k: v.shape for k, v in average.items()}:
            raise ValueError(f"{path} is of another network")
        if target is None:
            module.load_state_dict(part)
        else:
            for name, value in part.items():
                target[name].copy_(value)
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in kept.items():
        if name.startswith("moments."):
            _, number, moment = name.split(".")
            state.setdefault(int(number), {})[moment] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    return Progress(**content["progress"])


def metadata(path: Path) -> dict[str, str]:
    """Texts in the head of a safetensors file."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        head = json.loads(file.read(length))
    texts: dict[str, str] = head.get("__metadata__", {})
    return texts
