"""This file is the training of a crystal generator as an MLflow run: what it was told, its losses, its checkpoint."""

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from eutectic.campaigns.tracking.mlflow_store import Store, store_errors
from eutectic.campaigns.tracking.projection import Measurement
from eutectic.generators.learning.training import STATE, metadata

EXPERIMENT = "generators"
"""Where trainings are logged unless another experiment is named."""
LONGEST = 500
"""Characters of a parameter's value that every store takes."""


def logged(uri: str, experiment: str, options: Mapping[str, object], output: Path, state: str) -> str:
    """Log a training that has ended (`done`, `failed` or `stopped`); the run's id, or why there is none.

    Metrics: each validation of each network, `genes.loss` at its step. Parameters: options, and what the checkpoint's
    card says. A training taken up again is a run of its own, with all validations.
    """
    try:
        store = Store(uri, experiment)
        now = int(1000 * time.time())
        key = hashlib.sha256(str(output.absolute()).encode()).hexdigest()[:16]
        run = store.begin(key, "training", output.name, now)
        cards = sorted(output.glob("*.card.json"))
        flat = dict(_flat("", options))
        for card in cards:
            flat |= dict(_flat("card.", json.loads(card.read_text(encoding="utf-8"))))
        store.log(run, list(_losses(output, now)), {k: v[:LONGEST] for k, v in flat.items()})
        for card in cards:
            store.file(run, card)
            weights = card.with_name(card.name.removesuffix(".card.json") + ".safetensors")
            if weights.exists():
                store.file(run, weights)
        store.end(run, state, int(1000 * time.time()))
    except store_errors() as error:
        return f"not logged to MLflow: {' '.join(str(error).split())}"
    return f"logged to MLflow as run {run}"


def _losses(output: Path, now: int) -> Iterator[Measurement]:
    """Every validation of every network trained in the folder."""
    for path in sorted(output.rglob(f"{STATE}.safetensors")):
        part = path.parent.relative_to(output).as_posix().removeprefix("training").strip("/")
        for row in json.loads(metadata(path)["state"])["progress"]["history"]:
            for name, value in row.items():
                if name != "step":
                    key = f"{part}.{name}" if part else name
                    yield Measurement(key, float(value), now, int(row["step"]))


def _flat(prefix: str, content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Nested options as `card.metrics.n_trained` -> text."""
    for name, value in content.items():
        if isinstance(value, Mapping):
            yield from _flat(f"{prefix}{name}.", value)
        else:
            yield f"{prefix}{name}", json.dumps(value) if isinstance(value, list) else str(value)
