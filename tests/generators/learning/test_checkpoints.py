import json

import pytest
import torch
from torch import nn

from eutectic.generators.learning import checkpoints

CARD = {
    "engine": "toy", "architecture": {}, "elements": [1], "training_set": {}, "licence": "MIT", "seed": 0,
    "cpu_hours": 0.0, "metrics": {},
}  # fmt: skip


@pytest.fixture
def path(tmp_path):
    checkpoints.write(tmp_path / "toy.safetensors", nn.Linear(2, 3).state_dict(), CARD)
    return tmp_path / "toy.safetensors"


def change(path, **values):
    beside = path.with_name("toy.card.json")
    beside.write_text(json.dumps({**json.loads(beside.read_text()), **values}))


def test_weights_come_back_in_half_precision(tmp_path):
    network = nn.Linear(4, 4)
    checkpoints.write(tmp_path / "toy.safetensors", network.state_dict(), CARD)
    kept = checkpoints.read(tmp_path / "toy.safetensors", "toy")
    assert torch.equal(kept.tensors["weight"], network.weight.detach().half().float())
    assert kept.card["licence"] == "MIT"
    checkpoints.fill(network, kept.tensors, "toy")


def test_another_engine_is_refused(path):
    with pytest.raises(ValueError, match="of the engine 'toy', not 'wyckoff'"):
        checkpoints.read(path, "wyckoff")


def test_another_format_is_refused_with_both(path):
    change(path, format=7)
    with pytest.raises(ValueError, match="of format 7, and this version reads 1"):
        checkpoints.read(path, "toy")


def test_changed_weights_are_refused(path):
    path.write_bytes(path.read_bytes()[:-4] + b"\0\0\0\1")
    with pytest.raises(ValueError, match="not those of its card"):
        checkpoints.read(path, "toy")


def test_a_card_that_lacks_something_or_is_missing_is_refused(path):
    beside = path.with_name("toy.card.json")
    card = json.loads(beside.read_text())
    beside.write_text(json.dumps({k: v for k, v in card.items() if k != "licence"}))
    with pytest.raises(ValueError, match="lacks licence"):
        checkpoints.read(path, "toy")
    beside.write_text("[")
    with pytest.raises(ValueError, match="is no card"):
        checkpoints.read(path, "toy")
    beside.unlink()
    with pytest.raises(ValueError, match="has no card"):
        checkpoints.read(path, "toy")


def test_missing_and_strange_tensors_are_named(path):
    kept = checkpoints.read(path, "toy")
    with pytest.raises(ValueError, match=r"weight of shape \(3, 2\) instead of \(5, 2\)"):
        checkpoints.fill(nn.Linear(2, 5), kept.tensors, "toy")
    with pytest.raises(ValueError, match=r"lacks 0\.bias, 0\.weight; has bias, weight"):
        checkpoints.fill(nn.Sequential(nn.Linear(2, 3)), kept.tensors, "toy")


def test_a_checkpoint_that_does_not_exist_is_refused_with_what_there_is(tmp_path):
    with pytest.raises(ValueError, match="no bundled checkpoint 'wykcoff-1'; did you mean 'wyckoff-1'"):
        checkpoints.located("wykcoff-1")
    with pytest.raises(ValueError, match="no such file"):
        checkpoints.located(str(tmp_path / "own.safetensors"))


def test_a_training_begins_with_the_weights_that_it_knows_and_with_no_others():
    parent, module = torch.nn.Linear(3, 2), torch.nn.Sequential()
    module.add_module("0", torch.nn.Linear(3, 2))
    module.add_module("new", torch.nn.Linear(2, 1))
    fresh = module.state_dict()["new.weight"].clone()
    checkpoints.begun(module, {f"0.{k}": v for k, v in parent.state_dict().items()} | {"old": torch.ones(1)}, "it")
    assert torch.equal(module.state_dict()["0.weight"], parent.weight)
    assert torch.equal(module.state_dict()["new.weight"], fresh)
    with pytest.raises(ValueError, match=r"has 0\.weight of another shape"):
        checkpoints.begun(module, {"0.weight": torch.ones(5, 5)}, "it")
    with pytest.raises(ValueError, match="no weights of such a network"):
        checkpoints.begun(module, {"strange": torch.ones(1)}, "it")
