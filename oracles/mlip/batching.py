"""This file is crystals side by side: each is computed as it would be alone, and all ask their model together.

Every relaxation, volume or strain is a thread. When all threads wait for energies and forces, one call of the model
answers them; then they go on. What each does, its limits and its failures are those of one crystal alone.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, CalculatorError, compare_atoms

Answer = dict[str, Any]
"""`energy` (eV), `forces` (n, 3) eV/angstrom, `stress` (6,) eV/angstrom^3 as xx yy zz yz xz xy."""
Compute = Callable[[Sequence[Atoms]], list[Answer]]
ATOMS_AT_ONCE = {"cpu": 512, "cuda": 8192}
"""Most atoms of one call, for memory's sake; a larger crystal goes alone."""


@dataclass(slots=True)
class Question:
    """A crystal whose forces a thread waits for."""

    path: tuple[int, ...]
    """Which thread asks: the order in a call does not depend on who came first."""
    atoms: Atoms
    answer: Answer = field(default_factory=dict)
    error: str = ""


class LockStep:
    """Threads that wait for each other before the model is called."""

    def __init__(self, compute: Compute, atoms_at_once: int) -> None:
        self._compute, self._most = compute, atoms_at_once
        self._turn = threading.Condition()
        self._running = 1
        """Threads that may still ask something before the next call."""
        self._asked: list[Question] = []
        self._own = threading.local()

    def each(self, work: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
        """`work` of every item, side by side, in order; the first item's exception is raised when all have ended."""
        if not items:
            return []
        found: list[tuple[Any, BaseException | None]] = [(None, None)] * len(items)
        unended = [len(items)]
        with self._turn:
            self._running += len(items) - 1  # this thread asks nothing until they have ended
        here: tuple[int, ...] = getattr(self._own, "path", ())
        threads = [
            threading.Thread(target=self._run, args=(work, item, (*here, i), found, unended), daemon=True)
            for i, item in enumerate(items)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for _, problem in found:
            if problem is not None:
                raise problem
        return [result for result, _ in found]

    def _run(
        self,
        work: Callable[[Any], Any],
        item: Any,
        path: tuple[int, ...],
        found: list[tuple[Any, BaseException | None]],
        unended: list[int],
    ) -> None:
        """One thread: its result or exception goes where `each` waits for it."""
        self._own.path = path
        try:
            found[path[-1]] = (work(item), None)
        except BaseException as problem:  # raised again in the thread that waits
            found[path[-1]] = (None, problem)
        with self._turn:
            unended[0] -= 1
            if unended[0]:  # the last one leaves its place to the thread that waits
                self._running -= 1
                self._answer()

    def ask(self, atoms: Atoms) -> Answer:
        """Energy, forces and stress, when all others ask as well; CalculatorError when the model gives none."""
        question = Question(getattr(self._own, "path", ()), atoms)
        with self._turn:
            self._asked.append(question)
            self._running -= 1
            self._answer()
            while not question.answer and not question.error:
                self._turn.wait()
        if question.error:
            raise CalculatorError(question.error)
        return question.answer

    def _answer(self) -> None:
        """Call the model if nobody is left who could ask; the lock is held."""
        if self._running or not self._asked:
            return
        asked, self._asked = sorted(self._asked, key=lambda question: question.path), []
        self._running = len(asked)
        for group in _groups(asked, self._most):
            self._call(group)
        self._turn.notify_all()

    def _call(self, group: Sequence[Question]) -> None:
        """One call; when it fails, one a crystal, so that only the crystal that broke it has failed."""
        try:
            answers = self._compute([question.atoms for question in group])
        except Exception as problem:  # a stranger's model raises what it likes
            if len(group) > 1:
                for question in group:
                    self._call([question])
                return
            group[0].error = f"{type(problem).__name__}: {problem}"
            return
        for question, answer in zip(group, answers, strict=True):
            question.answer = answer


def _groups(asked: Sequence[Question], most: int) -> list[list[Question]]:
    """The questions in order, in groups of at most so many atoms (or of one)."""
    groups: list[list[Question]] = [[]]
    for question in asked:
        if groups[-1] and sum(len(q.atoms) for q in groups[-1]) + len(question.atoms) > most:
            groups.append([])
        groups[-1].append(question)
    return groups


class Asking(Calculator):  # type: ignore[misc]  # ase is untyped
    """An ASE calculator that many threads may use at once, each for its own crystals."""

    implemented_properties: ClassVar[list[str]] = ["energy", "free_energy", "forces", "stress"]

    def __init__(self, lockstep: LockStep) -> None:
        super().__init__()
        self.each = lockstep.each
        self._ask, self._own = lockstep.ask, threading.local()

    def get_property(self, name: str, atoms: Atoms | None = None, allow_calculation: bool = True) -> Any:
        """One property of the crystal; what this thread asked last is kept."""
        assert atoms is not None
        assert allow_calculation
        kept = getattr(self._own, "kept", None)
        if kept is None or compare_atoms(kept[0], atoms, tol=1e-15):
            kept = atoms.copy(), self._ask(atoms.copy())
            self._own.kept = kept
        answer: Answer = kept[1]
        return answer["energy"] if name in ("energy", "free_energy") else np.array(answer[name], dtype=float)


def each(calculator: Any, work: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
    """`work` of every item: side by side where the calculator does that, else one after the other."""
    return list(calculator.each(work, items)) if isinstance(calculator, Asking) else [work(item) for item in items]
