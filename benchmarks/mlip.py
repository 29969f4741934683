"""This file is what the learned potentials measure of known metals, and what a shared model saves; prints markdown.

    python benchmarks/mlip.py

Needs `pip install 'eutectic[mlip]'`. First CHGNet 0.3.0 on copper, nickel and equiatomic
FeNiCrCoCu. Then twenty relaxations of small random Cu-Ni crystals (4 atoms): in a batch by the local executor, whose
worker loads the model once and forks a process an evaluation, against twenty plain ASE programs, each its own process,
and against one plain ASE process that relaxes all; and with SevenNet one by one and, where its release and torch-sim's
fit each other (sevenn 0.12.1 with torch-sim-atomistic 0.3.0 on Python 3.11), side by side. CPU seconds are of the
processes and all their children.
"""

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from eutectic.campaigns.execution.base import Setting
from eutectic.campaigns.execution.job import job
from eutectic.campaigns.execution.local import LocalExecutor
from eutectic.oracles.base import Candidate, EngineMissing
from eutectic.oracles.mlip.oracle import Mlip

COLUMNS = ("lattice_constant_angstrom", "bulk_modulus_gpa")
TENSOR = ("c11_gpa", "c12_gpa", "c44_gpa", "young_modulus_gpa")
EQUIATOMIC = dict.fromkeys(("Fe", "Ni", "Cr", "Co", "Cu"), 0.2)
CHGNET = "chgnet"
RELAXATIONS = 20
CONTENT = {"use": "mlip", "cells": 1, "decorations": 1, "only": ["energy_ev_per_atom"]}
PLAIN = """
import sys, json, numpy as np, torch, warnings
warnings.simplefilter("ignore")
torch.set_num_threads(1)
from ase import Atoms
from ase.filters import FrechetCellFilter
from ase.optimize import LBFGS
from chgnet.model.dynamics import CHGNetCalculator
calculator = CHGNetCalculator(use_device="cpu")
for numbers, positions, cell in json.loads(sys.stdin.read()):
    atoms = Atoms(numbers, positions, cell=cell, pbc=True, calculator=calculator)
    LBFGS(FrechetCellFilter(atoms, hydrostatic_strain=True), logfile=None, maxstep=0.1).run(fmax=0.02, steps=300)
"""


def measured(calculator: str, composition: dict[str, float], pure: bool) -> str:
    """One row: values with standard errors, and CPU seconds."""
    wanted = (*COLUMNS, *(TENSOR if pure else ()))
    oracle = Mlip(calculator=calculator, cells=1 if pure else 2, decorations=1 if pure else 2).only(wanted)
    began = time.process_time()
    (found,) = oracle.evaluate([Candidate({}, composition)], np.random.default_rng(1))
    spent = time.process_time() - began
    if found.status != "finished":
        raise SystemExit(f"{composition}: {found.error}")
    cells = [_cell(found.values.get(name), found.errors.get(name), name) for name in (*COLUMNS, *TENSOR)]
    return f"| {' | '.join(cells)} | {spent:.0f} |"


def _cell(value: float | None, error: float | None, name: str) -> str:
    if value is None:
        return ""
    digits = 3 if name.endswith("angstrom") else 1
    return f"{value:.{digits}f}" + ("" if error is None else f" ± {error:.{digits}f}")


def candidates() -> list[Candidate]:
    shares = np.random.default_rng(0).uniform(0.1, 0.9, RELAXATIONS)
    return [Candidate({"Cu": float(x)}, {"Cu": float(x), "Ni": 1.0 - float(x)}) for x in shares]


def clock() -> tuple[float, float]:
    """Wall and CPU seconds of this process and its ended children."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return time.monotonic(), sum(u.ru_utime + u.ru_stime for u in used)


def batch(each: int) -> None:
    """The evaluations through a worker that has loaded the model, `each` at a time."""
    warm = (("eutectic.campaigns.execution.job:warm", CONTENT, "."),)
    executor = LocalExecutor(Setting(workers=each, warm=warm, timeout_s=600.0))
    jobs = [job("mlip", CONTENT, ".", candidate, [1, i]) for i, candidate in enumerate(candidates())]
    for first in range(0, len(jobs), each):
        futures = [executor.submit("eutectic.campaigns.execution.job:run", task) for task in jobs[first : first + each]]
        answers = [future.result() for future in futures]
        assert all(answer["evaluation"]["status"] == "finished" for answer in answers), answers
    executor.shutdown()


def plain(at_once: bool) -> None:
    """The same crystals by plain ASE, in one process or one each."""
    from eutectic.oracles.mlip.crystals import decorated, start_constant

    crystals = []
    for i, candidate in enumerate(candidates()):
        assert candidate.composition is not None
        start = start_constant("fcc", candidate.composition)
        atoms = decorated("fcc", 1, candidate.composition, start, np.random.default_rng(i))
        crystals.append([atoms.numbers.tolist(), atoms.positions.tolist(), atoms.cell.tolist()])
    for group in [crystals] if at_once else [[crystal] for crystal in crystals]:
        subprocess.run([sys.executable, "-c", PLAIN], input=json.dumps(group).encode(), check=True, capture_output=True)


def timed(title: str, run: object, argument: object) -> None:
    assert callable(run)
    wall, cpu = clock()
    run(argument)
    now, used = clock()
    print(f"| {title} | {now - wall:.0f} | {used - cpu:.0f} |", flush=True)


def side_by_side(batched: str) -> None:
    """The same crystals under SevenNet: one by one, or all in each call through torch-sim."""
    oracle = Mlip(calculator="sevennet", cells=1, decorations=1, batched=batched).only(["energy_ev_per_atom"])
    found = oracle.evaluate(candidates(), np.random.default_rng(1))
    assert all(evaluation.status == "finished" for evaluation in found), found


def torch_sim() -> None:
    """Two rows, or why there are none."""
    try:
        for batched in ("none", "torch-sim"):
            Mlip(calculator="sevennet", batched=batched).prepare()
    except EngineMissing as missing:
        print(f"SevenNet through torch-sim: {missing}")
        return
    timed("SevenNet, one by one", side_by_side, "none")
    timed("SevenNet, side by side through torch-sim", side_by_side, "torch-sim")


def main() -> None:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    print("| | a | B | C11 | C12 | C44 | E | CPU s |\n|---|---|---|---|---|---|---|---|")
    for title, calculator, composition, pure in (
        ("Cu, chgnet", CHGNET, {"Cu": 1.0}, True),
        ("Ni, chgnet", CHGNET, {"Ni": 1.0}, True),
        ("FeNiCrCoCu, chgnet", CHGNET, EQUIATOMIC, False),
    ):
        print(f"| {title} " + measured(calculator, composition, pure), flush=True)
    print("\n| 20 relaxations | wall s | CPU s |\n|---|---|---|")
    timed("one worker's batch, a process each", batch, 1)
    timed("plain ASE, one process", plain, True)
    timed("plain ASE, a process each", plain, False)
    torch_sim()


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    main()
