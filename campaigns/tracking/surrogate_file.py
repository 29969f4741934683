"""This file is a fitted surrogate as JSON: the data it learned from and what was fitted, from which it is rebuilt."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eutectic.campaigns.analysis.parity import outputs_of
from eutectic.campaigns.loop.prior_data import BESIDE
from eutectic.campaigns.problem.build import build
from eutectic.campaigns.problem.representations import rebuilt
from eutectic.campaigns.record.history import history_of
from eutectic.campaigns.record.outcomes import Ledger
from eutectic.optimizers.base import Array, Space
from eutectic.optimizers.models import belief
from eutectic.optimizers.models.belief import domain
from eutectic.surrogates.base import Domain, FittedSurrogate, Replicas
from eutectic.surrogates.composite.curve import CurveDistance
from eutectic.surrogates.composite.curve_distance import Target
from eutectic.surrogates.composite.represented import Represented

if TYPE_CHECKING:
    import pandas as pd


Content = Mapping[str, Any]
LEAST = 2
"""Observations below which no surrogate is kept."""


@dataclass(frozen=True, slots=True)
class Restored:
    """A surrogate that predicts one property in natural units."""

    fitted: FittedSurrogate
    content: Content

    def predict(self, frame: "pd.DataFrame") -> "pd.DataFrame":
        """Mean and standard deviation (n rows) for variables (n rows), columns by name, categories as labels.

        ValueError for what the campaign would refuse: an unknown category, fractions below 0 or of another sum than 1.
        """
        import pandas as pd

        columns = [self._codes(name, frame[name].tolist()) for name in self.content["names"]]
        X = self._mixed(np.array(columns, dtype=float).T.reshape(len(frame), -1))
        posterior = self.fitted.posterior(X)
        mean = self.content["sign"] * posterior.mean[:, 0] + self.content["shift"]
        name = self.content["property"]
        return pd.DataFrame({name: mean, f"{name}_std": posterior.std[:, 0]})

    def _mixed(self, X: Array) -> Array:
        """X (n, d) with the fractions of each mixture divided by their sum, which may be beside 1 by rounding alone."""
        X = X.copy()
        for members in self.content.get("mixtures", ()):
            own = X[:, members]
            there = np.isfinite(own).all(1)
            total = own.sum(1)
            wrong = there & ((np.abs(total - 1) > BESIDE) | (own < 0).any(1))
            if wrong.any():
                i = int(np.flatnonzero(wrong)[0])
                what = ", ".join(self.content["names"][j] for j in members)
                raise ValueError(f"row {i + 1}: the fractions of {what} {_objection(float(total[i]))}")
            X[np.ix_(there, members)] = own[there] / total[there, None]
        return X

    def _codes(self, name: str, values: list[Any]) -> list[float]:
        """A column's numbers; ValueError for a category the surrogate has not heard of."""
        labels = self.content["categories"].get(name)
        if labels is None:
            return [float(value) for value in values]
        unknown = sorted({str(v) for v in values} - set(labels))
        if unknown:
            raise ValueError(f"{name}: {', '.join(unknown)} not among {', '.join(labels)}")
        return [float(labels.index(str(value))) for value in values]


def _objection(total: float) -> str:
    """What is wrong with fractions of this sum."""
    if abs(total - 1) <= BESIDE:
        return "are not all 0 or more"
    percent = "; are these per cent? Divide them by 100" if abs(total - 100) <= 1 else ""
    return f"sum to {total:g}, not to 1{percent}"


def restore(path: str | Path) -> Restored:
    """Rebuild a surrogate from its file, with the very hyperparameters it was kept with."""
    content: Content = json.loads(Path(path).read_text(encoding="utf-8"))
    box = content["domain"]
    domain = Domain(
        np.array(box["lower"]),
        np.array(box["upper"]),
        tuple(box["categorical"]),
        conditional=tuple(box.get("conditional", ())),
    )
    recipe: Any = rebuilt(content["recipe"], content.get("space"), Path(content["folder"]))
    if "curves" in content:
        given = content["curves"]
        wanted = Target(np.array(given["axis"]), np.array(given["values"]), given["distance"])
        recipe = CurveDistance(recipe, wanted).measured(np.array(content["X"]), np.array(given["points"]))
    if "replicas" in content:
        recipe = recipe.with_replicas(np.array(content["X"], dtype=float), [_read(row) for row in content["replicas"]])
    fitted = recipe.fit(
        np.array(content["X"], dtype=float),
        np.array(content["y"], dtype=float)[:, None],
        content["names"],
        variance=np.array([math.nan if v is None else v for v in content["variance"]])[:, None],
        domain=domain,
        start=content["state"],
        tune=False,
    )
    return Restored(fitted, content)


def final_surrogates(ledger: Ledger) -> list[Content]:
    """What every objective's and constraint's surrogate has learned in the end, ready for JSON."""
    problem = build(ledger.spec, str(ledger.facts.get("source", ".")), engines=False, begun=True)
    history = history_of(ledger, problem.space)
    data = belief.columns(history)
    if min((len(column.y) for column in data), default=0) < LEAST:
        return []
    fitted = belief.learn(problem.space, history, problem.recipes).outputs
    section = ledger.spec.space.model_dump(exclude_unset=True)
    kept: dict[str, Content] = {}
    recipes: list[Any] = belief.with_replicas_and_curves(problem.recipes, history)
    each = zip(outputs_of(problem), data, fitted, recipes, strict=False)
    for (name, sign, shift), column, output, built in each:
        recipe = _recipe(ledger, name)
        learned: dict[str, object] = {"X": column.X.tolist(), "y": column.y.tolist()}
        learned["variance"] = _nullable(column.variance)
        if isinstance(built, CurveDistance) and (points := built.at(column.X)) is not None:
            wanted = {"values": built.target.values.tolist(), "axis": built.target.axis.tolist()}
            learned["curves"] = {"points": points.tolist(), "distance": built.target.distance, **wanted}
        if isinstance(built, Represented) and built.known_replicas:
            learned["replicas"] = [_written(row) for row in built.replicas(column.X)]
        about = {"property": name, "sign": sign, "shift": shift, "recipe": recipe, "state": dict(output.state)}
        seen = built.recipe if isinstance(built, CurveDistance) else built
        space = section if isinstance(seen, Represented) else None
        where = {"folder": str(problem.folder), "space": space, **_inputs(problem.space)}
        kept.setdefault(name, {**about, **learned, **where})
    return list(kept.values())


def _recipe(ledger: Ledger, name: str) -> dict[str, object]:
    """The surrogate's part in the campaign file: the output's own, else the default, else a Gaussian process."""
    parts = ledger.spec.surrogates
    part = parts.get(name) or parts.get("default")
    return {"use": "gp"} if part is None else part.model_dump(exclude_unset=True)


def _inputs(space: Space) -> dict[str, object]:
    """The variables as the surrogate sees them."""
    box = domain(space)
    labels = {name: list(space.categories[i]) for i, name in enumerate(space.names) if space.kinds[i] == "categorical"}
    mixtures = [list(mixture.members) for mixture in space.mixtures]
    limits: dict[str, object] = {"lower": box.lower.tolist(), "upper": box.upper.tolist()}
    limits |= {"categorical": list(box.categorical), "conditional": list(box.conditional)}
    return {
        "names": list(space.names),
        "kinds": list(space.kinds),
        "categories": labels,
        "domain": limits,
        "mixtures": mixtures,
    }


def _written(replicas: Replicas | None) -> Content | None:
    """Labels, values, and codes as hexadecimal text, two digits a site."""
    if replicas is None:
        return None
    codes = [row.tobytes().hex() for row in replicas.codes]
    return {"labels": list(replicas.labels), "values": replicas.values.tolist(), "codes": codes}


def _read(content: Content | None) -> Replicas | None:
    """The same read back."""
    if content is None:
        return None
    codes = np.stack([np.frombuffer(bytes.fromhex(row), dtype=np.uint8) for row in content["codes"]])
    return Replicas(tuple(content["labels"]), codes, np.array(content["values"], dtype=float))


def _nullable(values: Array) -> list[float | None]:
    return [None if math.isnan(v) else v for v in values.tolist()]


def data_fingerprint(content: Content) -> str:
    """Hash (12 hex digits) of the data a surrogate learned from and of its recipe."""
    told = [content["property"], content["recipe"], content["X"], content["y"]]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:12]
