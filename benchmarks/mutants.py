"""Do the tests notice? Plants one small fault at a time in a copy of the checkout and runs its file's own tests.

    python -m benchmarks.mutants [--only NAME]... [--file F]... [--jobs 2]

The faults are in mutants.toml beside this file: signs, limits, conditions and units of the files everything rests on.
A fault is caught when one of the tests fails, or hangs; a fault that changes no behaviour says so (`equivalent`) and
counts neither way. Before any fault is planted the tests must pass. Ends with 1 below 90 % caught.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

ROOT = Path(__file__).resolve().parents[1]
LIST = Path(__file__).with_suffix(".toml")
LONGEST_S = 3600
"""Seconds that a file's tests may take without a fault."""
SPARE_S, TIMES = 60, 5
"""With a fault they may take so many seconds, and as many times as without one, longer; what hangs is noticed, too."""
WANTED = 0.9
"""Least share of the faults that tests should catch."""
LEFT_OUT = shutil.ignore_patterns(".git", "__pycache__", ".*_cache", "*.sqlite", "runs", "mlruns")
PASSED, FAILED, HUNG = 0, 1, -1
"""Exit codes of pytest and of tests that were ended; any other says that no test ran."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault."""

    name: str
    file: str
    text: str
    """What stands in the file, once."""
    becomes: str
    why: str
    """What a user would suffer from."""
    tests: tuple[str, ...]
    equivalent: str = ""
    """Why no test can notice; empty where one can."""

    def planted(self, content: str) -> str:
        """The file's content with the fault; ValueError when its text does not stand there exactly once."""
        number = content.count(self.text)
        if number != 1:
            raise ValueError(f"{self.name}: its text stands {number} times in {self.file}, not once: {self.text!r}")
        return content.replace(self.text, self.becomes)


def mutants(path: Path = LIST) -> list[Mutant]:
    """The list, file by file."""
    files = tomllib.loads(path.read_text(encoding="utf-8"))["file"]
    return [
        Mutant(file=file["path"], tests=tuple(file["tests"]), **mutant) for file in files for mutant in file["mutant"]
    ]


def chosen(every: Sequence[Mutant], names: Sequence[str], files: Sequence[str]) -> list[Mutant]:
    """Those of these names and of files whose path holds one of these words; all when neither is given."""
    unknown = set(names) - {mutant.name for mutant in every}
    if unknown:
        raise SystemExit(f"no such mutant: {', '.join(sorted(unknown))}; known: {', '.join(m.name for m in every)}")
    return [m for m in every if (not names or m.name in names) and (not files or any(f in m.file for f in files))]


def code(home: Path, tests: Sequence[str], limit_s: float = LONGEST_S) -> int:
    """Exit code of pytest over some tests of a copy of the checkout; `HUNG` when they take longer."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, "PYTHONPATH": str(home), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        command,
        cwd=home,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return process.wait(limit_s)
    except subprocess.TimeoutExpired:
        return HUNG
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def verdict(home: Path, mutant: Mutant, limit_s: float) -> str:
    """`caught`, `survived`, or that no test ran; the copy is as before afterwards."""
    path = home / mutant.file
    content = path.read_text(encoding="utf-8")
    path.write_text(mutant.planted(content), encoding="utf-8")
    try:
        said = code(home, mutant.tests, limit_s)
    finally:
        path.write_text(content, encoding="utf-8")
    return {PASSED: "survived", FAILED: "caught", HUNG: "caught"}.get(said, "no test ran")


def examined(wanted: Sequence[Mutant], jobs: int) -> list[str]:
    """One verdict a mutant, in copies of the checkout, so many at a time."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(jobs) as pool:
        homes: SimpleQueue[Path] = SimpleQueue()
        for k in range(jobs):
            homes.put(Path(shutil.copytree(ROOT, Path(folder) / f"copy{k}", symlinks=True, ignore=LEFT_OUT)))

        @contextmanager
        def a_copy() -> Iterator[Path]:
            home = homes.get()
            try:
                yield home
            finally:
                homes.put(home)

        def seconds(tests: tuple[str, ...]) -> float:
            with a_copy() as home:
                began = time.monotonic()
                if code(home, tests) != PASSED:
                    raise SystemExit(f"{', '.join(tests)}: fail without any fault: nothing can be told")
                return time.monotonic() - began

        def examine(mutant: Mutant) -> str:
            with a_copy() as home:
                said = verdict(home, mutant, SPARE_S + (1 + TIMES) * usual[mutant.tests])
            print(f"{said:12s} {mutant.name:24s} {mutant.file}", flush=True)
            return said

        sets = list(dict.fromkeys(mutant.tests for mutant in wanted))
        usual = dict(zip(sets, pool.map(seconds, sets), strict=True))
        return list(pool.map(examine, wanted))


def table(wanted: Sequence[Mutant], verdicts: Sequence[str]) -> str:
    """Caught and survived a file, and the score; equivalent ones apart."""
    lines = ["| file | caught | survived | equivalent |", "|---|---|---|---|"]
    pairs = list(zip(wanted, verdicts, strict=True))
    for file in dict.fromkeys(mutant.file for mutant in wanted):
        own = [(m, v) for m, v in pairs if m.file == file]
        caught = sum(v == "caught" for m, v in own if not m.equivalent)
        survived = [m.name for m, v in own if v != "caught" and not m.equivalent]
        same = [m.name for m, _ in own if m.equivalent]
        lines.append(f"| {file} | {caught} | {', '.join(survived) or '-'} | {', '.join(same) or '-'} |")
    return "\n".join(lines)


def score(wanted: Sequence[Mutant], verdicts: Sequence[str]) -> tuple[int, int]:
    """How many were caught, of how many that can be."""
    counted = [v for m, v in zip(wanted, verdicts, strict=True) if not m.equivalent]
    return sum(v == "caught" for v in counted), len(counted)


def main() -> int:
    """Plant, run, print."""
    parser = argparse.ArgumentParser(description="Do the tests notice faults that are planted?")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="this mutant alone")
    parser.add_argument("--file", action="append", default=[], metavar="F", help="mutants of files whose path holds F")
    parser.add_argument("--jobs", type=int, default=1, help="copies to run at once")
    options = parser.parse_args()
    wanted = chosen(mutants(), options.only, options.file)
    verdicts = examined(wanted, options.jobs)
    caught, of = score(wanted, verdicts)
    print(table(wanted, verdicts))
    print(f"\n{caught} of {of} caught ({100 * caught / max(of, 1):.0f} %)")
    return int(caught < WANTED * of)


if __name__ == "__main__":
    sys.exit(main())
