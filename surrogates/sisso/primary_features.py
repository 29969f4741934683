"""This file is what SISSO makes of its inputs: units, tasks and primary features, and why some do not suit it."""

from dataclasses import dataclass

import numpy as np

from eutectic.surrogates.base import Array, Domain
from eutectic.surrogates.frames import near
from eutectic.surrogates.sisso.features import Ints
from eutectic.surrogates.sisso.operators import dimensions


@dataclass(frozen=True, slots=True)
class Columns:
    """d inputs as the options describe them."""

    names: tuple[str, ...]
    units: tuple[str, ...] | None
    """Unit of each (d,), "" where dimensionless; None: none were given."""
    target_unit: str
    """Unit of the output."""
    task: str | None
    """The input that tells tasks apart; None where there is one task."""
    classified: bool
    """Is the output one of two classes? Then there are no tasks."""

    def dimensions(self) -> Array:
        """Exponents (d, u) of the unit symbols of each input; ValueError for units that cannot be read."""
        units = self.units or ("",) * len(self.names)
        named = [(f"units: {name}", unit) for name, unit in zip(self.names, units, strict=True)]
        for what, unit in (*named, ("target_unit", self.target_unit)):
            try:
                dimensions([unit])
            except ValueError as error:
                raise ValueError(f"{what}: {error}") from None
        return dimensions([*units, self.target_unit])[:-1]

    def task_column(self) -> int | None:
        """The column that tells tasks apart, None where there is one task; ValueError when no input is called so."""
        if self.task is None:
            return None
        if self.task not in self.names:
            raise ValueError(f"task: no input is called {self.task!r}{near(self.task, self.names)}")
        return self.names.index(self.task)

    def primary(self, domain: Domain | None) -> tuple[tuple[int, ...], list[str]]:
        """The columns that are primary features, and notes on those left out.

        Categories, whose codes are no numbers to reckon with; and what has no meaning in some rows, of which no formula
        may speak there. ValueError where no number is left, or no input is called like the task.
        """
        task, codes = self.task_column(), () if domain is None else domain.categorical
        partly = () if domain is None else domain.conditional
        columns = tuple(j for j in range(len(self.names)) if j != task and j not in codes and j not in partly)
        left = [self.names[j] for j in codes if j != task]
        notes = [f"categories left out: {', '.join(left)}; {self._cure()}"] if left else []
        asleep = [self.names[j] for j in partly if j != task and j not in codes]
        notes += [f"left out, as they are not always there: {', '.join(asleep)}"] if asleep else []
        if not columns:
            told = f"; {self._cure()}" if left else ""
            names = ", ".join(self.names)
            always = " that is always there" if asleep else ""
            raise ValueError(f"SISSO needs a number{always} among its inputs, and there is none among {names}{told}")
        return columns, notes

    def _cure(self) -> str:
        """What to do about categories."""
        elements = "where categories are elements, give it `representation: element_encoding`"
        return elements if self.task or self.classified else f"name one as `task` or, {elements}"

    def divided(self, X: Array) -> tuple[Array, tuple[Ints, ...]]:
        """Task labels (t,) and rows of each task of X (n, d)."""
        column = self.task_column()
        if column is None:
            return np.empty(0), (np.arange(len(X)),)
        labels, index = np.unique(X[:, column], return_inverse=True)
        return labels, tuple(np.flatnonzero(index.reshape(-1) == t) for t in range(len(labels)))

    def constants(self, X: Array, columns: tuple[int, ...]) -> tuple[str, ...]:
        """A note on inputs that are constant in X (n, d) and therefore left out."""
        still = [self.names[j] for j in columns if not np.ptp(X[:, j]) > 0]
        return (f"constant inputs left out: {', '.join(still)}",) if still else ()
