"""This file is learned potentials by name, each made into an ASE calculator; run as a program, it serves one.

It imports nothing of ours, so that the Python of another environment can run it as well: `NAME MODEL DEVICE` as
arguments; it answers each JSON line `{"numbers", "positions", "cell"}` (angstrom) with `{"energy", "forces", "stress"}`
(eV, eV/angstrom, eV/angstrom^3 as xx yy zz yz xz xy), or `{"error": text}`. Its first line is `{"version"}` or
`{"missing": text}`. With a fourth argument, `together`, it takes `{"crystals": [...]}` and gives `{"answers": [...]}`,
computed in one call through torch-sim.
"""

import contextlib
import importlib.metadata
import importlib.util
import json
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MPTRJ_LACKS = ("Po", "At", "Rn", "Fr", "Ra")
"""Of the elements 1 to 94, those that are not in the MPtrj data (Deng et al. 2023, 10.1038/s42256-023-00716-3)."""


class Missing(Exception):
    """The package or the model cannot be had; the message ends with the cure."""


@dataclass(frozen=True)
class Engine:
    """A potential's package and how its calculator is made."""

    distribution: str
    """What pip installs."""
    package: str
    """What Python imports."""
    make: Callable[[str, str], Any]
    """(model, device) -> ASE calculator; the model is a name of the package's or a file."""
    model: str
    """The model where none is given."""
    weights: tuple[tuple[str, str], ...] = ()
    """Model -> its file in the package, for those that come with the wheel."""
    functional: str = "as the model was trained"
    """What its energies imitate."""
    together: Callable[[str, str], Any] | None = None
    """(model, device) -> torch-sim's model, where it has one."""


def _emt(model: str, device: str) -> Any:
    del model, device
    from ase.calculators.emt import EMT

    return EMT()


def _chgnet(model: str, device: str) -> Any:
    from chgnet.model.dynamics import CHGNetCalculator
    from chgnet.model.model import CHGNet

    if Path(model).is_file():
        network = CHGNet.from_file(model)
    else:
        network = CHGNet.load(model_name=model, use_device=device, verbose=False)
    return CHGNetCalculator(network, use_device=device, on_isolated_atoms="ignore")


def _sevennet(model: str, device: str) -> Any:
    from sevenn.calculator import SevenNetCalculator

    return SevenNetCalculator(model, device=device)


def _mace(model: str, device: str) -> Any:
    from mace.calculators import MACECalculator, mace_mp

    if Path(model).is_file():
        return MACECalculator(model_paths=model, device=device, default_dtype="float64")
    return mace_mp(model=model, device=device, default_dtype="float64")


def _orb(model: str, device: str) -> Any:
    from orb_models.forcefield import pretrained

    try:
        from orb_models.forcefield.inference.calculator import ORBCalculator
    except ImportError:  # where it was before version 0.6
        from orb_models.forcefield.calculator import ORBCalculator
    # compiling takes minutes, and again for crystals of another size
    if Path(model).is_file():
        loaded = pretrained.orb_v3_conservative_inf_omat(weights_path=model, device=device, compile=False)
    else:
        loaded = getattr(pretrained, model.replace("-", "_"))(device=device, compile=False)
    parts = loaded if isinstance(loaded, tuple) else (loaded,)
    return ORBCalculator(*parts, device=device)


def _mattersim(model: str, device: str) -> Any:
    from mattersim.forcefield import MatterSimCalculator

    return MatterSimCalculator(load_path=model, device=device)


def _matgl(model: str, device: str) -> Any:
    del device  # it follows torch's default
    import matgl
    from matgl.ext.ase import PESCalculator

    return PESCalculator(matgl.load_model(model), stress_unit="eV/A3")


def _sevennet_together(model: str, device: str) -> Any:
    from sevenn.util import load_checkpoint

    network = load_checkpoint(model).build_model()
    try:
        from sevenn.torchsim import SevenNetModel  # sevenn 0.13 with torch-sim 0.5 or later
    except ImportError:
        from torch_sim.models.sevennet import SevenNetModel  # sevenn up to 0.12 with torch-sim 0.3
    return SevenNetModel(network, device=device)


def _mace_together(model: str, device: str) -> Any:
    import torch
    from mace.calculators import mace_mp

    try:
        from mace.calculators.mace_torchsim import MaceTorchSimModel as Model
        from torch_sim.neighbors import torchsim_nl  # noqa: F401 (what mace's own wrapper needs; since torch-sim 0.4)
    except ImportError:
        from torch_sim.models.mace import MaceModel as Model
    raw = model if Path(model).is_file() else mace_mp(model=model, device=device, return_raw_model=True)
    network = torch.load(raw, map_location=device, weights_only=False) if isinstance(raw, str) else raw
    return Model(network, device=torch.device(device), dtype=torch.float64)


CHGNET_FILES = (
    ("0.3.0", "pretrained/0.3.0/chgnet_0.3.0_e29f68s314m37.pth.tar"),
    ("0.2.0", "pretrained/0.2.0/chgnet_0.2.0_e30f77s348m32.pth.tar"),
    ("r2scan", "pretrained/r2scan/chgnet_r2scan_transfer_learning_e15f36s161m23.pth.tar"),
)
SEVENNET_FILES = (
    ("7net-0", "pretrained_potentials/SevenNet_0__11Jul2024/checkpoint_sevennet_0.pth"),
    ("7net-l3i5", "pretrained_potentials/SevenNet_l3i5/checkpoint_l3i5.pth"),
)
MP = "PBE and PBE+U as in the Materials Project"
ENGINES = {
    "chgnet": Engine("chgnet", "chgnet", _chgnet, "0.3.0", CHGNET_FILES, MP),
    "sevennet": Engine("sevenn", "sevenn", _sevennet, "7net-0", SEVENNET_FILES, MP, _sevennet_together),
    "mace": Engine("mace-torch", "mace", _mace, "medium-mpa-0", together=_mace_together),
    "orb": Engine("orb-models", "orb_models", _orb, "orb-v3-conservative-inf-omat"),
    "mattersim": Engine("mattersim", "mattersim", _mattersim, "MatterSim-v1.0.0-1M.pth"),
    "matgl": Engine("matgl", "matgl", _matgl, "TensorNet-MatPES-PBE-v2025.1-PES"),
    "emt": Engine("ase", "ase", _emt, "", (), "effective medium theory"),
}
"""Calculators by name; `emt` (Al, Cu, Ag, Au, Ni, Pd, Pt) is for tests and teaching."""


def version(name: str) -> str:
    """The installed package's version; Missing with the line that installs it."""
    engine = ENGINES[name]
    try:
        found = importlib.metadata.version(engine.distribution)
    except importlib.metadata.PackageNotFoundError:
        found = ""
    if not found or importlib.util.find_spec(engine.package) is None:
        raise Missing(f"{name} is not installed; cure: {sys.executable} -m pip install {engine.distribution}")
    return found


def elements(name: str, model: str) -> tuple[str, ...] | None:
    """Symbols that the model covers where that is known without loading it, else None."""
    from ase.data import chemical_symbols

    if name == "emt":
        return ("Al", "Cu", "Ag", "Au", "Ni", "Pd", "Pt")
    if model in dict(ENGINES[name].weights):
        return tuple(symbol for symbol in chemical_symbols[1:95] if symbol not in MPTRJ_LACKS)
    return None


def make(name: str, model: str, device: str) -> Any:
    """The calculator; Missing when its package or model cannot be had. Torch is left with one thread."""
    return _made(name, model, device, ENGINES[name].make)


def together(name: str, model: str, device: str) -> Callable[[Sequence[Any]], list[dict[str, Any]]]:
    """What computes many crystals in one call through torch-sim; Missing when that cannot be had."""
    maker = ENGINES[name].together
    assert maker is not None
    if importlib.util.find_spec("torch_sim") is None:
        raise Missing(f"torch-sim is not installed; cure: {sys.executable} -m pip install torch-sim-atomistic")
    network = _made(name, model, device, maker)

    def compute(crystals: Sequence[Any]) -> list[dict[str, Any]]:
        import torch_sim

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            state = torch_sim.io.atoms_to_state(list(crystals), device=network.device, dtype=network.dtype)
            found = network(state)
        return _each_own(found, [len(crystal) for crystal in crystals])

    return compute


def _each_own(found: dict[str, Any], sizes: Sequence[int]) -> list[dict[str, Any]]:
    """Energy, forces and stress of each crystal from those of the batch."""
    energies, stresses = found["energy"].tolist(), found["stress"].tolist()
    forces, answers, first = found["forces"].tolist(), [], 0
    for energy, s, size in zip(energies, stresses, sizes, strict=True):
        voigt = [s[0][0], s[1][1], s[2][2], s[1][2], s[0][2], s[0][1]]
        answers.append({"energy": energy, "forces": forces[first : first + size], "stress": voigt})
        first += size
    return answers


def _made(name: str, model: str, device: str, maker: Callable[[str, str], Any]) -> Any:
    """What `maker` makes of the model; Missing with the cure when it cannot."""
    version(name)
    wanted = model or ENGINES[name].model
    with warnings.catch_warnings(), contextlib.redirect_stdout(sys.stderr):
        warnings.simplefilter("ignore")  # of packages about each other
        try:
            if name != "emt":
                import torch

                torch.set_num_threads(1)
            return maker(wanted, device)
        except Exception as problem:  # what a stranger's loader raises is its own affair
            text = f"{name} cannot load {wanted!r} ({type(problem).__name__}: {str(problem)[:300]})"
            cure = f"give `model:` a file that {name} {version(name)} reads, or a name it knows"
            if isinstance(problem, ImportError):
                cure = f"install releases that fit each other: {sys.executable} -m pip install -U {_packages(name)}"
            raise Missing(f"{text}; cure: {cure}") from problem


def _packages(name: str) -> str:
    """What pip installs for it, and torch-sim where it is there."""
    more = " torch-sim-atomistic" if importlib.util.find_spec("torch_sim") else ""
    return f"{ENGINES[name].distribution}{more}"


def answer(calculator: Any, asked: dict[str, Any]) -> dict[str, Any]:
    """Energy, forces and stress of one crystal, or of several by what computes them together."""
    if "crystals" in asked:
        return {"answers": calculator([_atoms(one) for one in asked["crystals"]])}
    atoms = _atoms(asked)
    atoms.calc = calculator
    found = {"energy": float(atoms.get_potential_energy()), "forces": atoms.get_forces().tolist()}
    return {**found, "stress": atoms.get_stress().tolist()}


def _atoms(asked: dict[str, Any]) -> Any:
    from ase import Atoms

    return Atoms(asked["numbers"], asked["positions"], cell=asked["cell"], pbc=True)


def main() -> None:
    """Serve until the input ends; whatever else prints goes to standard error."""
    name, model, device = sys.argv[1:4]
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    try:
        calculator = (together if sys.argv[4:] == ["together"] else make)(name, model, device)
    except Missing as missing:
        print(json.dumps({"missing": str(missing)}), file=replies, flush=True)
        return
    print(json.dumps({"version": version(name)}), file=replies, flush=True)
    for line in sys.stdin:
        try:
            reply = answer(calculator, json.loads(line))
        except Exception as problem:  # the model's own failure; the other side makes it a failed evaluation
            reply = {"error": f"{type(problem).__name__}: {problem}"}
        print(json.dumps(reply), file=replies, flush=True)


if __name__ == "__main__":
    main()
