"""This file is the BoTorch model of a fitted SISSO: its expressions as torch operations, its ensemble as samples.

Each member k stands in for four values mean +- sqrt(scale) (member - mean) +- sqrt(floor); their mean is the formula's
prediction and their variance the calibrated one, both exactly those of `FittedSISSO.posterior`.
"""

from collections.abc import Callable, Sequence

import torch
from botorch.models.ensemble import EnsembleModel
from torch import Tensor

from eutectic.surrogates.base import Array
from eutectic.surrogates.sisso.classification import Classification
from eutectic.surrogates.sisso.equation import Equation
from eutectic.surrogates.sisso.features import Ints, Tree
from eutectic.surrogates.sisso.regression import Regression


def _cbrt(a: Tensor) -> Tensor:
    return torch.sign(a) * torch.abs(a) ** (1 / 3)


UNARY: dict[str, Callable[[Tensor], Tensor]] = {
    "inv": lambda a: 1 / a,
    "sq": lambda a: a * a,
    "cube": lambda a: a * a * a,
    "sqrt": torch.sqrt,
    "cbrt": _cbrt,
    "log": torch.log,
    "exp": torch.exp,
    "exp(-x)": lambda a: torch.exp(-a),
    "abs": torch.abs,
    "sin": torch.sin,
    "cos": torch.cos,
}
BINARY: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "|-|": lambda a, b: torch.abs(a - b),
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
}


def evaluate(tree: Tree, X: Tensor) -> Tensor:
    """Values (...) of an expression at X (..., d)."""
    if isinstance(tree.left, int):
        return X[..., tree.left]
    left = evaluate(tree.left, X)
    return UNARY[tree.op](left) if tree.right is None else BINARY[tree.op](left, evaluate(tree.right, X))


def predict(equation: Equation, X: Tensor, otherwise: float, task: Tensor) -> tuple[Tensor, Tensor]:
    """Output (n,) at X (n, d) and where it is defined (n,); `otherwise` elsewhere, with gradient zero.

    A row where every term is defined takes the place of the others before gradients are formed.
    """
    lower, upper = torch.as_tensor(equation.lower), torch.as_tensor(equation.upper)
    with torch.no_grad():
        values = _terms(equation, X)
        good = ((values >= lower) & (values <= upper)).all(-1) & (task >= 0)
    values = _terms(equation, torch.where(good[:, None], X, torch.as_tensor(equation.safe)))
    y = torch.as_tensor(equation.intercepts)[task] + (torch.as_tensor(equation.slopes)[task] * values).sum(-1)
    return torch.where(good, y, torch.full_like(y, otherwise)), good


def _terms(equation: Equation, X: Tensor) -> Tensor:
    """(n, k)."""
    if not equation.trees:
        return X[:, :0]  # of X still, so that a formula without terms has a gradient: zero
    return torch.stack([evaluate(tree, X) for tree in equation.trees], -1)


class SISSOModel(EnsembleModel):  # type: ignore[misc]
    """Raw inputs (..., q, d) -> ensemble posterior (..., q, m)."""

    def __init__(self, outputs: Sequence[Regression | Classification], task_of: Callable[[Array], Ints]) -> None:
        super().__init__()
        self.outputs, self.task_of = tuple(outputs), task_of
        self._num_outputs = len(self.outputs)

    def forward(self, X: Tensor) -> Tensor:
        """Ensemble values (..., s, q, m) at X (..., q, d)."""
        flat = X.reshape(-1, X.shape[-1]).to(torch.float64)
        task = torch.as_tensor(self.task_of(flat.detach().numpy()))
        made = [values(output, flat, task) for output in self.outputs]
        stacked = torch.stack([_unbiased(v) for v in made], -1)  # (s, n, m)
        return stacked.reshape(len(stacked), *X.shape[:-1], len(made)).movedim(0, -3)


def model(outputs: Sequence[Regression | Classification], task_of: Callable[[Array], Ints]) -> SISSOModel:
    """The BoTorch model of a fitted SISSO: its outputs, and what tells the task (n,) of rows (n, d)."""
    made = SISSOModel(outputs, task_of)
    made.eval()
    return made


def values(output: Regression | Classification, X: Tensor, task: Tensor) -> Tensor:
    """(s, n) values whose mean and population variance are the output's moments at X (n, d)."""
    if isinstance(output, Classification):
        return _class_values(output, X, task)
    mean, good = predict(output.equation, X, output.center, task)
    members = [predict(e, X, output.center, task)[0] for e in output.ensemble.equations] or [mean]
    scale, floor = output.calibration.scale**0.5, mean.new_tensor(output.floor)
    lacking = (torch.stack(members) - mean).square().mean(0).detach() * output.calibration.scale + floor
    extra = torch.where(good, floor, floor + (output.spread - lacking).clamp_min(0)).sqrt()
    signs = ((1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0))
    return torch.stack([mean + a * scale * (m - mean) + b * extra for m in members for a, b in signs])


def _class_values(output: Classification, X: Tensor, task: Tensor) -> Tensor:
    decision, good = predict(output.equation, X, 0.0, task)
    slope, intercept = output.weights
    chance = torch.where(good, torch.sigmoid(slope * decision + intercept), torch.full_like(decision, output.share))
    low, width = output.classes[0], output.classes[1] - output.classes[0]
    mean, std = low + width * chance, width * (chance * (1 - chance)).clamp_min(1e-12).sqrt()
    return torch.stack([mean + std, mean - std])


def _unbiased(values: Tensor) -> Tensor:
    """The same mean, and as sample variance (which BoTorch takes) the population variance of values (s, n)."""
    mean = values.mean(0)
    shrink = ((len(values) - 1) / len(values)) ** 0.5
    out: Tensor = mean + (values - mean) * shrink
    return out
