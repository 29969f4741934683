"""This file is the packages that `campaign plugins --new` writes: a part that works, its entry point and its test."""

import keyword
from pathlib import Path
from string import Template

from eutectic.campaigns.errors import CampaignFileError, Complaint, unknown

_HEAD = '"""This file is a part for Eutectic: $line"""\n\n'

_ORACLE = """from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eutectic import Candidate, Evaluation
from eutectic.oracles.base import failed


@dataclass(frozen=True, slots=True)
class $kind:
    \"\"\"The paraboloid sum((x - center)^2) over a candidate's numeric variables: put your own computation here.\"\"\"

    center: float = 0.5
    \"\"\"Where the least value lies, in the variables' own unit. Every field with its docstring is an option.\"\"\"

    @property
    def properties(self) -> tuple[str, ...]:
        \"\"\"What it returns; the unit belongs into a name, as in `bulk_modulus_gpa`.\"\"\"
        return ("height",)

    def evaluate(self, candidates: Sequence[Candidate], rng: np.random.Generator) -> list[Evaluation]:
        \"\"\"One evaluation a candidate, in order; what cannot be computed is a failure, no exception.\"\"\"
        return [self._one(candidate) for candidate in candidates]

    def _one(self, candidate: Candidate) -> Evaluation:
        numbers = [float(value) for value in candidate.variables.values() if isinstance(value, int | float)]
        if not numbers:
            return failed(candidate, "$part", "bad_input", "it has no numeric variable")
        return Evaluation(candidate.id, "$part", {"height": sum((x - self.center) ** 2 for x in numbers)})
"""

_OPTIMIZER = """from dataclasses import dataclass

import numpy as np

from eutectic import History, Space
from eutectic.optimizers.base import Array
from eutectic.optimizers.spaces import region


@dataclass(frozen=True, slots=True)
class $kind:
    \"\"\"Draws rows and keeps those farthest from what is known: put your own choice here.\"\"\"

    draws: int = 200
    \"\"\"Rows drawn for each that is asked for. Every field with its docstring is an option.\"\"\"

    def ask(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        \"\"\"Up to n new rows (<= n, d); the same for the same history and generator.\"\"\"
        seen = np.concatenate([history.X, history.pending])
        pool = space.table if space.table is not None else region.sample(space, self.draws * n, rng)
        taken = {tuple(row) for row in np.round(seen, 9)}
        _, first = np.unique(np.round(pool, 9), axis=0, return_index=True)
        pool = pool[[i for i in sorted(first) if tuple(np.round(pool[i], 9)) not in taken]]
        width = np.where(space.upper > space.lower, space.upper - space.lower, 1.0)
        chosen: list[Array] = []
        for _ in range(min(n, len(pool))):
            others = np.array([*seen, *chosen]).reshape(-1, space.d)
            gaps = (pool[:, None] - others) / width
            distance = (gaps**2).sum(-1).min(1) if len(others) else rng.random(len(pool))
            best = int(distance.argmax())
            chosen.append(pool[best])
            pool = np.delete(pool, best, 0)
        return np.array(chosen).reshape(-1, space.d)
"""

_GENERATOR = """from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from eutectic import Candidate, Space
from eutectic.generators.base import number
from eutectic.optimizers.base import Array
from eutectic.oracles.base import Value


@dataclass(frozen=True, slots=True)
class $kind:
    \"\"\"A binary alloy by one number, the atomic fraction of its second element: put your own space here.\"\"\"

    elements: tuple[str, str] = ("Cu", "Ni")
    \"\"\"Host and dopant. Every field with its docstring is an option.\"\"\"

    @property
    def space(self) -> Space:
        \"\"\"One variable between 0 and 1.\"\"\"
        return Space((f"x_{self.elements[1]}",), ("continuous",), np.zeros(1), np.ones(1))

    def generate(self, X: Array, rng: np.random.Generator) -> list[Candidate]:
        \"\"\"Candidate i from row i of X (n, 1), and from nothing else.\"\"\"
        host, dopant = self.elements
        return [
            Candidate({f"x_{dopant}": float(x)}, composition={host: 1 - float(x), dopant: float(x)}) for (x,) in X
        ]

    def coordinates(self, variables: Mapping[str, Value]) -> Array:
        \"\"\"The row (1,) of these variables; ValueError without one.\"\"\"
        return np.array([number(f"x_{self.elements[1]}", variables)])
"""

_SURROGATE = """from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from eutectic import Domain
from eutectic.surrogates.base import Array, State
from eutectic.surrogates.posteriors.ensemble import EnsembleOutput, Unseen, calibrated, untrained
from eutectic.surrogates.posteriors.outputs import FittedOutputs, Rows, fit_outputs
from eutectic.surrogates.scaling import inputs

Predict = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True, slots=True)
class $kind:
    \"\"\"An ensemble of kernel averages, each without a share of the rows: put your own model into `_model`.\"\"\"

    members: int = 10
    \"\"\"Models; what each says of the rows it has not seen sets the intervals. Every field is an option.\"\"\"
    length: float = 0.3
    \"\"\"How far a row is heard, in half-widths of the domain.\"\"\"
    seed: int = 0
    \"\"\"Seed of the shares; equal seeds and data give equal fits.\"\"\"

    def fit(
        self,
        X: Array,
        Y: Array,
        names: Sequence[str] = (),
        *,
        variance: Array | None = None,
        domain: Domain | None = None,
        start: State | None = None,
        tune: bool = True,
    ) -> FittedOutputs[EnsembleOutput]:
        \"\"\"Learn Y (n, m) from X (n, d); tables, names and bad values are seen to here.\"\"\"
        given = {"variance": variance, "domain": domain, "start": start, "tune": tune}
        return fit_outputs("$part", self._single, X, Y, names, **given)

    def _model(self, Z: torch.Tensor, y: torch.Tensor) -> Predict:
        \"\"\"Rows Z (n, p), scaled to -1..1, and their values y (n,) -> predictions (...,) at points (..., p).\"\"\"

        def predict(points: torch.Tensor) -> torch.Tensor:
            nearness = -0.5 * ((points[..., None, :] - Z) / self.length).square().sum(-1)
            return torch.softmax(nearness, -1) @ y

        return predict

    def _single(self, data: Rows, domain: Domain | None, start: State | None) -> EnsembleOutput:
        \"\"\"One output: a model without each share of the rows, calibrated by what they say of it.\"\"\"
        place, n = inputs(data.X, domain), len(data.y)
        p = len(place.groups)
        if data.constant or n < 5:
            return untrained(place, p, data, start)
        Z, y = place(torch.tensor(data.X)), torch.tensor(data.y)
        share = torch.tensor(np.random.default_rng(self.seed).permutation(n) % min(self.members, n))
        models = [self._model(Z[share != k], y[share != k]) for k in range(int(share.max()) + 1)]

        def embed(X: torch.Tensor) -> torch.Tensor:
            points = place(X)
            each = torch.stack([model(points) for model in models], -1)
            mean = each.mean(-1, keepdim=True)
            return torch.cat([points, each - mean, mean], -1)

        with torch.no_grad():
            each = torch.stack([model(Z) for model in models], -1)
        unseen = Unseen(each[torch.arange(n), share].numpy(), each.var(-1, correction=0).numpy())
        return calibrated(embed, p, data, unseen, "scaled", start, ())
"""

_TEST = '''"""The part keeps the contract, and says what it should."""

$imports
from $package import $kind


def test_it_keeps_the_contract() -> None:
    $call


def test_a_campaign_file_finds_it() -> None:
    from eutectic.campaigns.file import plugins

    assert type(plugins.build("$table", {"use": "$part"}, ".")) is $kind
'''

_CANDIDATE = "from eutectic import Candidate\n"

_PROJECT = """[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "$package"
version = "0.1.0"
description = "$line"
requires-python = ">=3.11"
dependencies = ["eutectic"]

[project.entry-points."eutectic.$table"]
$part = "$package:$kind"

[tool.hatch.build.targets.wheel]
only-include = ["$package.py"]
"""

KINDS = {
    "oracle": (
        "oracles",
        _ORACLE,
        "it computes a property.",
        'check_oracle($kind(), [Candidate({"x": 0.2}), Candidate({"x": 0.9})])',
    ),
    "optimizer": ("optimizers", _OPTIMIZER, "it chooses what to evaluate next.", "assert check_optimizer($kind())"),
    "surrogate": ("surrogates", _SURROGATE, "it learns a property from rows.", "check_surrogate($kind())"),
    "generator": ("generators", _GENERATOR, "it makes candidates from coordinates.", "check_generator($kind())"),
}
"""Kind of part -> its table, its source, its sentence, and what its test calls."""


def write(kind: str, package: str, folder: Path) -> list[Path]:
    """Write the package PACKAGE with a part of a kind into FOLDER/PACKAGE, and return the files.

    CampaignFileError for another kind, for a name that cannot be imported, and where the folder exists.
    """
    if kind not in KINDS:
        raise CampaignFileError([Complaint((), unknown("kind of part", kind, KINDS))])
    if not package.isidentifier() or keyword.iskeyword(package):
        raise CampaignFileError(
            [Complaint((), f"{package!r} is no name that Python can import; take letters, digits and _")]
        )
    home = folder / package
    if home.exists():
        raise CampaignFileError([Complaint((), f"{home} exists; nothing is overwritten")])
    table, source, line, call = KINDS[kind]
    words = {
        "package": package,
        "part": package,
        "kind": "".join(word.capitalize() for word in package.split("_")) or "Part",
        "table": table,
        "line": line,
        "imports": f"{_CANDIDATE if kind == 'oracle' else ''}from eutectic.testing import check_{kind}\n",
    }
    words["call"] = Template(call).substitute(words)
    files = {"pyproject.toml": _PROJECT, f"{package}.py": _HEAD + source, f"test_{package}.py": _TEST}
    home.mkdir(parents=True)
    for name, text in files.items():
        (home / name).write_text(Template(text).substitute(words), encoding="utf-8")
    return [home / name for name in files]
