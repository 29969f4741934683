"""The checks that are shipped for the parts of others: ours pass them, and each of them can fail."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eutectic.campaigns.execution.base import Setting
from eutectic.campaigns.file import plugins
from eutectic.generators.composition import Composition
from eutectic.generators.parameters import Parameters, Variable
from eutectic.generators.product import Product
from eutectic.generators.sequence import Sequence as Formula
from eutectic.optimizers.base import Array, History, Space
from eutectic.oracles.base import Candidate, Evaluation, failed
from eutectic.oracles.rules.screens import Screens
from eutectic.surrogates.polynomial.recipe import Polynomial
from eutectic.testing import (
    SPACES,
    ContractBroken,
    check_executor,
    check_generator,
    check_optimizer,
    check_oracle,
    check_surrogate,
)
from tests.surrogates.functions import recipe

GENERATORS = {
    "composition": Composition({"Cu": (0.05, 0.6), "Ni": (0.05, 0.6), "Fe": (0.0, 0.6)}, step=0.05),
    "continuous composition": Composition({"Cu": (0.0, 1.0), "Ni": (0.0, 1.0)}),
    "parameters": Parameters({"a": Variable(low=0, high=1), "c": Variable(choices=("x", 2, 0.5))}),
    "sequence": Formula(("Cs", "Pb", "I"), steps=3),
    "product": Product.of(
        {"alloy": Composition({"Cu": (0.0, 1.0), "Ni": (0.0, 1.0)}), "heat": Parameters({"t": Variable(low=1, high=9)})}
    ),
}


@pytest.mark.parametrize("name", ["random", "sobol", "nsga2", "swarm"])
def test_our_optimizers_pass_the_check_we_ship(name: str) -> None:
    assert len(check_optimizer(plugins.build("optimizers", {"use": name}, "."))) >= 3


@pytest.mark.parametrize("name", ["gp", "polynomial", "forest", "sisso"])
def test_our_surrogates_pass_the_check_we_ship(name: str) -> None:
    check_surrogate(recipe(name))


@pytest.mark.parametrize("name", GENERATORS)
def test_our_generators_pass_the_check_we_ship(name: str) -> None:
    check_generator(GENERATORS[name])


@pytest.mark.parametrize("name", ["local", "threads"])
def test_our_executors_pass_the_check_we_ship(name: str, tmp_path: Path) -> None:
    check_executor(plugins.build("executors", {"use": name}, tmp_path), tmp_path)


@dataclass(frozen=True)
class Bare:
    """A pool that forgot the carrier."""

    def open(self, setting: Setting) -> "Bare":
        """Nothing is started."""
        return self

    def submit(self, function: str, /, *arguments: object, key: str = "", resources: object = None) -> "Future[Any]":
        """Call it here."""
        future: Future[Any] = Future()
        module, _, name = function.partition(":")
        try:
            future.set_result(getattr(import_module(module), name)(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Nothing runs."""


def test_an_executor_that_breaks_the_contract_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContractBroken, match="Bare: json:loads ends in JSONDecodeError"):
        check_executor(Bare(), tmp_path)


def test_an_oracle_of_ours_passes_the_check_we_ship() -> None:
    candidates = [Candidate({}, composition={"Fe": x, "Ni": 1 - x}) for x in (0.2, 0.7)]
    assert [e.status for e in check_oracle(Screens(), candidates)] == ["finished", "finished"]


# each check can fail


@dataclass(frozen=True)
class Faulty:
    """An optimizer that draws as it should and then spoils the rows."""

    spoil: Callable[[Array, np.random.Generator], Array]

    def ask(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        width = space.upper - space.lower
        return self.spoil(space.lower + width * rng.random((n, space.d)), rng)


CALLS: list[int] = []


def another_each_time(X: Array, rng: np.random.Generator) -> Array:
    CALLS.append(1)
    return X * (1 - 0.001 * (len(CALLS) % 7))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda X, rng: X + 100, "outside the space"),
        (lambda X, rng: X[:2], "is the shape of what it asks for"),
        (lambda X, rng: np.repeat(X[:1], len(X), 0), "the same row twice"),
        (another_each_time, "other rows when it sees the same history and seed"),
    ],
)
def test_an_optimizer_that_breaks_the_contract_is_named(spoil: Callable[..., Array], said: str) -> None:
    with pytest.raises(ContractBroken, match=f"Faulty on 'box': .*{said}"):
        check_optimizer(Faulty(spoil), {"box": replace(SPACES["box"], lower=np.ones(3), upper=np.full(3, 2.0))})


@dataclass(frozen=True)
class Fit:
    """A polynomial's fit with one answer spoilt."""

    inner: object
    spoil: str

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)

    @property
    def state(self) -> object:
        return {"array": np.zeros(2)} if self.spoil == "state" else self.inner.state  # type: ignore[attr-defined]

    def posterior(self, X: Array) -> object:
        posterior = self.inner.posterior(X)  # type: ignore[attr-defined]
        if self.spoil == "variance":
            return replace(posterior, variance=0 * posterior.variance)
        return replace(posterior, mean=posterior.mean[:, :1]) if self.spoil == "width" else posterior


@dataclass(frozen=True)
class Spoilt:
    """A recipe whose fits are spoilt."""

    spoil: str

    def fit(self, X: Array, Y: Array, names: Sequence[str] = (), **options: object) -> Fit:
        if self.spoil == "NaN":
            X = np.nan_to_num(X)
        return Fit(Polynomial().fit(X, Y, names, **options), self.spoil)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ("variance", "variance that is not above 0"),
        ("width", r"mean of shape \(7, 1\) instead of \(7, 2\)"),
        ("state", "not made of JSON values"),
        ("NaN", "an input that is NaN is not refused"),
    ],
)
def test_a_surrogate_that_breaks_the_contract_is_named(spoil: str, said: str) -> None:
    with pytest.raises(ContractBroken, match=f"Spoilt: .*{said}"):
        check_surrogate(Spoilt(spoil))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Chance:
    """A generator whose candidates depend on chance."""

    space: Space = SPACES["box"]

    def generate(self, X: Array, rng: np.random.Generator) -> list[Candidate]:
        return [Candidate({"a": float(rng.random())}) for _ in X]

    def coordinates(self, variables: object) -> Array:
        return np.zeros(3)


def test_a_generator_whose_candidates_depend_on_chance_is_named() -> None:
    with pytest.raises(ContractBroken, match="Chance: another candidate from the same row"):
        check_generator(Chance())


@dataclass(frozen=True)
class Answering:
    """An oracle that answers with what it is given."""

    answer: Callable[[Candidate], Evaluation]
    properties: tuple[str, ...] = ("y",)

    def evaluate(self, candidates: Sequence[Candidate], rng: np.random.Generator) -> list[Evaluation]:
        return [self.answer(candidate) for candidate in candidates]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda c: Evaluation(c.id, "o", {"z": 1.0}), "properties that it does not list: z"),
        (lambda c: Evaluation(c.id, "o", {"y": float("nan")}), "not finite"),
        (lambda c: Evaluation("other", "o", {"y": 1.0}), "in another order"),
        (lambda c: failed(c, "o", "error", ""), "without a sentence"),
        (lambda c: Evaluation(c.id, "o", {"y": c.variables["x"]}), "raises KeyError"),  # type: ignore[dict-item]
    ],
)
def test_an_oracle_that_breaks_the_contract_is_named(answer: Callable[[Candidate], Evaluation], said: str) -> None:
    with pytest.raises(ContractBroken, match=f"Answering: .*{said}"):
        check_oracle(Answering(answer), [Candidate({"x": 1.0})])
