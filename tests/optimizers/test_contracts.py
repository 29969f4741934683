"""What every listed optimizer keeps: inside, new, as many as asked for, the same again, no matter how bad the history.

An optimizer that refuses a problem (`refuse`) is held to that by the campaign's checks and left out here.
"""

from dataclasses import fields, replace

import numpy as np
import pytest

from eutectic.campaigns.file import plugins
from eutectic.optimizers.base import Array, History, Mixture, Space
from eutectic.optimizers.bayesian.bayesian import Bayesian
from eutectic.optimizers.designs.uniform import Uniform
from eutectic.optimizers.portfolio.portfolio import Portfolio
from eutectic.optimizers.spaces import region
from eutectic.surrogates.trees.forest import Forest

NAMES = sorted(plugins.KINDS["optimizers"])


def fractions(k: int, divisions: int | None, most: int | None = None) -> Space:
    mixture = Mixture(tuple(range(k)), (False,) * k, divisions, 1, most)
    names = tuple("ABCDEFGH"[:k])
    return Space(names, ("fraction",) * k, np.zeros(k), np.full(k, 0.8), mixtures=(mixture,))


def mixed() -> Space:
    return Space(
        ("t", "n", "s", "p"),
        ("continuous", "integer", "categorical", "continuous"),
        np.array([300.0, 1, 0, 0]),
        np.array([900.0, 6, 2, 1]),
        ((), (), ("x", "y", "z"), ()),
        (None, None, None, 0.25),
    )


TABLE = np.random.default_rng(5).random((60, 3))
SPACES = {
    "box": Space(("a", "b", "c"), ("continuous",) * 3, np.array([-1.0, 0, 5]), np.array([1.0, 1, 9])),
    "mixed": mixed(),
    "composition": fractions(4, None),
    "steps and limits": fractions(6, 20, 3),
    "table": Space(("a", "b", "c"), ("continuous",) * 3, TABLE.min(0), TABLE.max(0), table=TABLE),
}


def losses(X: Array, m: int) -> Array:
    return np.column_stack([((X - X.mean(0) - 0.1 * j) ** 2).sum(1) for j in range(m)])


def record(space: Space, kind: str, m: int, seed: int = 0) -> History:
    """A history of 24 rows of the named kind and three pending ones."""
    X = TABLE[:27] if space.table is not None else region.sample(space, 27, np.random.default_rng(seed))
    Y, C = losses(X[:24], m), X[:24, :1] - X[:24, 0].mean()
    if kind == "all failed":
        Y = np.full_like(Y, np.nan)
    elif kind == "constraints missing":
        C = np.full_like(C, np.nan)
    elif kind == "some of everything":
        Y[::5], C[1::7] = np.nan, np.nan
    elif kind == "constant":
        Y[:] = 1.0
    elif kind == "none feasible":
        C = np.abs(C) + 1
    return History.observed(X[:24], Y, C).with_pending(X[24:])


def build(name: str, space: Space, m: int, c: int) -> object:
    """The optimizer with its defaults, or a skip where it does not serve this."""
    optimizer = plugins.build("optimizers", {"use": name}, None)
    refusal = optimizer.refuse(space, m, c) if hasattr(optimizer, "refuse") else None
    if refusal:
        pytest.skip(refusal)
    return optimizer


def content(history: History) -> list[bytes]:
    values = [getattr(history, field.name) for field in fields(history)]
    return [value.tobytes() for value in values if isinstance(value, np.ndarray)]


def keeps_the_contract(name: str, space: Space, history: History, n: int = 5) -> None:
    optimizer = build(name, space, history.Y.shape[1], history.C.shape[1])
    before = content(history)
    X = optimizer.ask(space, history, n, np.random.default_rng(3))
    again = optimizer.ask(space, history, n, np.random.default_rng(3))
    assert X.shape == (n, space.d)
    assert region.contains(space, X).all()
    assert (again == X).all()
    assert content(history) == before
    assert len(np.unique(np.round(X, 9), axis=0)) == n
    if region.count(space) is not None:
        seen = np.round(np.concatenate([history.X, history.pending, X]), 9)
        assert len(np.unique(seen, axis=0)) == len(np.unique(seen[:-n], axis=0)) + n


def objectives(name: str, m: int) -> int:
    """M, or one for an optimizer that takes only one."""
    optimizer = plugins.build("optimizers", {"use": name}, None)
    only = hasattr(optimizer, "refuse") and optimizer.refuse(SPACES["box"], m, 0)
    return 1 if only else m


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("name", NAMES)
def test_an_optimizer_asks_for_new_points_of_the_space(name: str, space: str) -> None:
    keeps_the_contract(name, SPACES[space], record(SPACES[space], "good", objectives(name, 2)))


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("name", NAMES)
def test_an_optimizer_starts_from_nothing(name: str, space: str) -> None:
    keeps_the_contract(name, SPACES[space], History.empty(SPACES[space].d, objectives(name, 2)))


@pytest.mark.parametrize(
    "kind", ["all failed", "constraints missing", "some of everything", "constant", "none feasible"]
)
@pytest.mark.parametrize("name", NAMES)
def test_an_optimizer_survives_a_bad_history(name: str, kind: str) -> None:
    space = SPACES["steps and limits"]
    keeps_the_contract(name, space, record(space, kind, objectives(name, 2)))


@pytest.mark.parametrize("name", NAMES)
def test_an_optimizer_uses_a_finite_space_up_and_stops(name: str) -> None:
    space = SPACES["table"]
    optimizer = build(name, space, 1, 0) if objectives(name, 2) == 1 else build(name, space, 2, 0)
    history = History.observed(TABLE[:57], losses(TABLE[:57], objectives(name, 2)))
    X = optimizer.ask(space, history, 5, np.random.default_rng(0))
    assert sorted(map(tuple, X)) == sorted(map(tuple, TABLE[57:]))
    full = History.observed(TABLE, losses(TABLE, objectives(name, 2)))
    assert optimizer.ask(space, full, 5, np.random.default_rng(0)).shape == (0, 3)


@pytest.mark.parametrize("name", NAMES)
def test_an_optimizer_with_surrogates_keeps_them_when_an_option_changes(name: str) -> None:
    optimizer = plugins.build("optimizers", {"use": name}, None)
    if not hasattr(optimizer, "recipes"):
        pytest.skip("it learns nothing, or its arms do")
    equipped = optimizer.using([Forest()])
    assert equipped.recipes == (Forest(),)
    assert optimizer.recipes == ()
    option = next(field for field in plugins.offered(type(optimizer)))
    assert replace(equipped, **{option.name: getattr(equipped, option.name)}).recipes == (Forest(),)


def test_what_is_handed_to_a_part_survives_a_changed_option_and_is_no_option_of_a_campaign_file() -> None:
    assert replace(Bayesian().using([Forest()]), draws=8).recipes == (Forest(),)
    arms = replace(Portfolio(({"use": "random"},)).holding([Uniform()]), discount=0.5).arms
    assert arms == (("random", Uniform()),)
    _, complaints = plugins.examine("optimizers", {"use": "bayesian", "recipes": []})
    assert [complaint.path for complaint in complaints] == [("recipes",)]
    assert "recipes" not in plugins.schema("optimizers", "bayesian")["properties"]
    assert "arms" not in plugins.schema("optimizers", "portfolio")["properties"]
    assert "arms" not in {option.name for option in plugins.manual("optimizers", "portfolio")}
