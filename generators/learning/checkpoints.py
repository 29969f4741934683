"""This file is checkpoints of generators: weights as safetensors (half precision) and a card that says what they are.

`NAME.safetensors` with `NAME.card.json` beside it. Nothing is ever unpickled; what does not fit this version is
refused, with what differs.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eutectic.generators.hints import hint
from eutectic.oracles.whole_files import write_whole

if TYPE_CHECKING:
    from torch import Tensor, nn

FORMAT = 1
"""Raised whenever files of the one before cannot be read any more."""
BUNDLED = Path(__file__).parent.parent / "weights"
NEEDED = (
    "format",
    "engine",
    "architecture",
    "elements",
    "training_set",
    "licence",
    "seed",
    "cpu_hours",
    "metrics",
    "sha256",
)
ENDING = ".safetensors"


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """Weights and their card."""

    card: Mapping[str, Any]
    tensors: "Mapping[str, Tensor]"

    @property
    def sha256(self) -> str:
        """Of the weights' file."""
        return str(self.card["sha256"])

    def part(self, prefix: str) -> "dict[str, Tensor]":
        """Tensors whose names begin with `prefix.`, without it."""
        return {k.removeprefix(prefix + "."): v for k, v in self.tensors.items() if k.startswith(prefix + ".")}


def located(name: str) -> Path:
    """The weights' file of a bundled checkpoint (`wyckoff-1`) or of a path; ValueError when there is none."""
    path = Path(name)
    if path.suffix == ENDING or path.is_absolute() or len(path.parts) > 1:
        path = path if path.suffix == ENDING else path.with_name(path.name + ENDING)
        if not path.is_file():
            raise ValueError(f"checkpoint: no such file: {path}")
        return path
    bundled = BUNDLED / f"{name}{ENDING}"
    if not bundled.is_file():
        names = sorted(p.stem for p in BUNDLED.glob(f"*{ENDING}"))
        raise ValueError(
            f"checkpoint: no bundled checkpoint {name!r}{hint(name, names)}; or give a path to a {ENDING} file"
        )
    return bundled


def card_of(path: Path) -> dict[str, Any]:
    """The card beside a weights' file; ValueError when it is missing, no card, or of another format."""
    beside = path.with_name(path.name.removesuffix(ENDING) + ".card.json")
    if not beside.is_file():
        raise ValueError(f"checkpoint: {path.name} has no card: {beside} is missing")
    try:
        card: dict[str, Any] = json.loads(beside.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"checkpoint: {beside.name} is no card: {error}") from None
    if not isinstance(card, dict):
        raise ValueError(f"checkpoint: {beside.name} is no card but a {type(card).__name__}")
    if card.get("format") != FORMAT:
        raise ValueError(
            f"checkpoint: {path.name} is of format {card.get('format')!r}, and this version reads {FORMAT}: "
            "train it again, or use the version that wrote it"
        )
    missing = [name for name in NEEDED if name not in card]
    if missing:
        raise ValueError(f"checkpoint: the card of {path.name} lacks {', '.join(missing)}")
    return card


def read_card(name: str, engine: str) -> dict[str, Any]:
    """The card of a bundled checkpoint or of a path; ValueError as `read`, but the weights are not looked at."""
    path = located(name)
    card = card_of(path)
    if card["engine"] != engine:
        raise ValueError(f"checkpoint: {path.name} is of the engine {card['engine']!r}, not {engine!r}")
    return card


def read(path: Path, engine: str) -> Checkpoint:
    """A checkpoint in single precision; ValueError: of another engine or format, or its weights were changed."""
    card = read_card(str(path), engine)
    content = path.read_bytes()
    sha = hashlib.sha256(content).hexdigest()
    if sha != card["sha256"]:
        raise ValueError(f"checkpoint: the weights in {path.name} are not those of its card (sha256 {sha[:12]}…)")
    from safetensors.torch import load

    tensors = {name: value.float() if value.is_floating_point() else value for name, value in load(content).items()}
    return Checkpoint(card, tensors)


def write(path: Path, tensors: "Mapping[str, Tensor]", card: Mapping[str, Any]) -> Checkpoint:
    """Write weights in half precision, and the card with the format and the sum of the weights' file."""
    import torch
    from safetensors.torch import save

    halves = {k: v.half() if v.is_floating_point() else v for k, v in tensors.items()}
    content = save({k: v.contiguous().cpu() for k, v in halves.items()})
    whole = {"format": FORMAT, **card, "sha256": hashlib.sha256(content).hexdigest()}
    lacking = [name for name in NEEDED if name not in whole]
    assert not lacking, lacking
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content)
    text = json.dumps(whole, indent=1, ensure_ascii=False) + "\n"
    write_whole(path.with_name(path.name.removesuffix(ENDING) + ".card.json"), text.encode())
    return Checkpoint(whole, {k: v.to(torch.float32) if v.is_floating_point() else v for k, v in halves.items()})


def fill(module: "nn.Module", tensors: "Mapping[str, Tensor]", name: str) -> None:
    """Put weights into a network; ValueError naming the tensors that are missing, strange or of another shape."""
    own = module.state_dict()
    missing = sorted(set(own) - set(tensors))
    strange = sorted(set(tensors) - set(own))
    other = sorted(k for k in set(own) & set(tensors) if own[k].shape != tensors[k].shape)
    said = [f"lacks {', '.join(missing[:5])}"] if missing else []
    said += [f"has {', '.join(strange[:5])}, which this version does not know"] if strange else []
    said += [f"has {k} of shape {tuple(tensors[k].shape)} instead of {tuple(own[k].shape)}" for k in other[:3]]
    if said:
        raise ValueError(f"checkpoint: {name} {'; '.join(said)}")
    module.load_state_dict(dict(tensors))


def begun(module: "nn.Module", tensors: "Mapping[str, Tensor]", name: str) -> None:
    """Put in the weights that a network knows; others stay. ValueError where none fits, or one is of another shape."""
    own = module.state_dict()
    fitting = {k: v for k, v in tensors.items() if k in own}
    other = [k for k, v in fitting.items() if own[k].shape != v.shape]
    if other or not fitting:
        said = f"has {other[0]} of another shape" if other else "has no weights of such a network"
        raise ValueError(f"checkpoint: {name} {said}, and no training can begin with it")
    module.load_state_dict({**own, **fitting})
