"""This file is calculations in their folders: finished ones read back, densities reused, failures tried more gently."""

import fcntl
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from eutectic.oracles.dft.calculation import Calculation, Computed, DftFailed, Engine
from eutectic.oracles.whole_files import write_whole

RESULT = "result.json"


@dataclass(slots=True)
class Workshop:
    """A folder of calculations of one crystal with one engine."""

    engine: Engine
    folder: Path
    retries: int = 2
    """Further attempts, each more gentle, when the electrons do not converge."""
    done: list[tuple[str, Computed]] = field(default_factory=list)
    """Names and answers so far."""

    def compute(self, name: str, calculation: Calculation, after: str = "") -> Computed:
        """The answer of this calculation, kept in the subfolder `name`; it may start from the density of `after`.

        Raises DftFailed when no attempt gives one, EngineMissing when the engine is not there.
        """
        place = self.folder / name
        identity = {"engine": self.engine.version(), "files": self.engine.files(calculation.crystal.elements)}
        key = calculation.digest(identity)
        computed = _read(place, key)
        if computed is None:
            place.mkdir(parents=True, exist_ok=True)
            computed = self._attempts(calculation, place, self.folder / after if after else None)
            _write(place, key, computed)
        self.done.append((name, computed))
        return computed

    def reused(self) -> str:
        """What was not computed anew, as `relaxed: result; volume 0.97: charge density`."""
        return "; ".join(f"{name}: {computed.reused}" for name, computed in self.done if computed.reused)

    def _attempts(self, calculation: Calculation, place: Path, after: Path | None) -> Computed:
        """Attempts with gentler mixing; one that had a density to start from is first repeated without."""
        density = self.engine.density(place) or (self.engine.density(after) if after else None)
        settings, attempt = calculation.settings, 0
        while True:
            mixed = replace(calculation, settings=settings.gentler(attempt))
            try:
                computed = self.engine.run(mixed, place, density)
            except DftFailed as problem:
                if density is not None and problem.failure in ("not_converged", "error"):
                    density = None
                    continue
                if not problem.gentler or attempt == self.retries:
                    raise _told(problem, attempt, mixed) from problem
                attempt += 1
            else:
                return replace(computed, attempts=attempt + 1, reused="charge density" if density else "")


def _told(problem: DftFailed, attempt: int, last: Calculation) -> DftFailed:
    """The failure with what was tried."""
    if not attempt:
        return problem
    beta, steps = last.settings.mixing_beta, last.settings.scf_steps
    story = f"{attempt + 1} attempts, the last with mixing_beta {beta:.3g} and {steps} steps: "
    return DftFailed(problem.failure, story + str(problem))


def _read(place: Path, key: str) -> Computed | None:
    """A finished calculation, or None when there is none or it was of something else."""
    try:
        content = json.loads((place / RESULT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None  # absent, or torn by a kill: computed anew
    if content.get("key") != key:
        return None
    return replace(Computed.from_json(content["computed"]), reused="result")


def _write(place: Path, key: str, computed: Computed) -> None:
    write_whole(place / RESULT, json.dumps({"key": key, "computed": asdict(computed)}).encode())


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Nobody else works in this folder meanwhile; the lock dies with its holder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def copy_density(source: Path, target: Path, leave_out: str) -> None:
    """Copy a folder of files with a charge density, without those whose names match the pattern."""
    if source.resolve() == target.resolve():
        return
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, ignore=shutil.ignore_patterns(leave_out))
