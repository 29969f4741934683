"""This file is the climb of an acquisition by gradients: all starts at once in a unit box, or one by one."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eutectic.optimizers.base import Array, Space
from eutectic.optimizers.search.unit_box import unit_box

Score = Callable[[Tensor], Tensor]
"""X (r, d) -> log acquisition (r,), differentiable."""


def climb(score: Score, space: Space, X: Array, iterations: int) -> tuple[Array, Array]:
    """Where batched L-BFGS-B leads from X (r, d), and the log acquisition (r,) there."""
    from botorch.optim.batched_lbfgs_b import fmin_l_bfgs_b_batched

    whole = unit_box(space, X)

    def descend(U: Array, batch_indices: list[int]) -> tuple[Array, Array]:
        leaf = torch.tensor(U, requires_grad=True)
        values = -score(whole.rows(np.asarray(batch_indices)).X(leaf))
        values.sum().backward()  # type: ignore[no-untyped-call]
        assert leaf.grad is not None
        return values.detach().numpy(), np.nan_to_num(leaf.grad.numpy())

    start = whole.U(torch.tensor(X)).numpy()
    box = np.tile([0.0, 1.0], (whole.p, 1))
    U, values, _ = fmin_l_bfgs_b_batched(
        descend,
        start,
        bounds=box,
        maxiter=iterations,
        factr=None,
        ftol=1e-5,
        pgtol=1e-4,
        maxls=10,
        pass_batch_indices=True,
    )
    return whole.X(torch.tensor(np.asarray(U))).numpy(), -np.asarray(values)


def climb_constrained(score: Score, space: Space, x: Array, iterations: int) -> Array:
    """Where SLSQP leads from x (d,) under the space's linear constraints, which a unit box cannot hold."""
    from scipy.optimize import minimize

    here = unit_box(space, x[None])
    lower, upper = here.lower[0].numpy(), here.upper[0].numpy()
    free = np.flatnonzero(upper > lower)
    width = (upper - lower)[free]

    def whole(u: Array) -> Array:
        full = x.copy()
        full[free] = lower[free] + u * width
        return full

    def loss(u: Array) -> tuple[float, Array]:
        leaf = torch.tensor(whole(u)[None], requires_grad=True)
        value = -score(leaf)[0]
        value.backward()  # type: ignore[no-untyped-call]
        assert leaf.grad is not None
        return float(value.detach()), np.nan_to_num(leaf.grad[0].numpy()[free] * width)

    found = minimize(
        loss,
        (x[free] - lower[free]) / width,
        jac=True,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * len(free),
        constraints=restraints(space, whole, free, width),
        options={"maxiter": iterations, "ftol": 1e-6},
    )
    return whole(np.clip(found.x, 0.0, 1.0))


def restraints(
    space: Space, whole: Callable[[Array], Array], free: NDArray[np.int64], width: Array
) -> list[dict[str, object]]:
    """SciPy's form of the sums to one and the linear constraints."""
    found: list[dict[str, object]] = []
    for mixture in space.mixtures:
        row = np.isin(np.arange(space.d), mixture.members).astype(float)
        found.append(_restraint("eq", row, 1.0, whole, free, width))
    for line in space.linear:
        coefficients = np.array(line.coefficients)
        size = float(np.abs(coefficients[free]) @ width) or 1.0  # the solver's tolerance is absolute
        found.append(_restraint("ineq", -coefficients / size, -line.bound / size, whole, free, width))
    return found


def _restraint(
    kind: str, row: Array, bound: float, whole: Callable[[Array], Array], free: NDArray[np.int64], width: Array
) -> dict[str, object]:
    """The residual row @ x - bound (= or >= 0) as a function of the free coordinates."""
    return {"type": kind, "fun": lambda u: float(row @ whole(u) - bound), "jac": lambda _: row[free] * width}
