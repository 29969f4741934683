"""Every optimizer takes histories made of frames, matches columns by name, and refuses another space's."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from eutectic.campaigns.file import plugins
from eutectic.optimizers.base import Array, History, Space

NAMES = sorted(plugins.KINDS["optimizers"])
SPACE = Space(("heat", "time"), ("continuous",) * 2, np.zeros(2), np.array([1.0, 9.0]), steps=(0.125, 1.0))


def frame() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    rows = pd.DataFrame({"heat": rng.integers(0, 9, 12) / 8, "time": rng.integers(0, 10, 12) * 1.0})
    return rows.assign(y=(rows.heat - 0.3) ** 2 + rows.time).drop_duplicates(ignore_index=True)


def asked(name: str, history: History) -> Array:
    optimizer = plugins.build("optimizers", {"use": name}, None)
    X: Array = optimizer.ask(SPACE, history, 2, np.random.default_rng(0))
    return X


@pytest.mark.parametrize("name", NAMES)
def test_a_frame_is_a_history_whatever_the_order_of_its_columns(name: str) -> None:
    rows = frame()
    plain = asked(name, History.observed(rows[["heat", "time"]].to_numpy(), rows[["y"]].to_numpy()))
    assert np.array_equal(asked(name, History.observed(rows[["heat", "time"]], rows["y"])), plain)
    assert np.array_equal(asked(name, History.observed(rows[["time", "heat"]], rows["y"])), plain)
    assert list(SPACE.frame(plain).columns) == ["heat", "time"]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_history_of_the_space_is_refused(name: str) -> None:
    rows = frame()
    X, y = rows[["heat", "time"]].to_numpy(), rows["y"]
    with pytest.raises(ValueError, match="'times' that is no variable; did you mean 'time'"):
        asked(name, History.observed(rows.rename(columns={"time": "times"})[["heat", "times"]], y))
    with pytest.raises(ValueError, match=r"the history has 1 columns .* the space 2 variables: heat, time"):
        asked(name, History.observed(X[:, :1], y))
    with pytest.raises(ValueError, match="the history has nan in row 2, column 'time'"):
        asked(name, History.observed(np.where(np.arange(len(X))[:, None] == 2, [[0.0, np.nan]], X), y))
    with pytest.raises(ValueError, match="takes a Space and a History, not Space and ndarray"):
        asked(name, X)  # type: ignore[arg-type]
    optimizer = plugins.build("optimizers", {"use": name}, None)
    with pytest.raises(ValueError, match="n must be a whole number of rows"):
        optimizer.ask(SPACE, History.empty(2), 2.5, np.random.default_rng(0))
    with pytest.raises(ValueError, match="rng must be a numpy"):
        optimizer.ask(SPACE, History.empty(2), 2, 0)


def test_a_history_of_tables_has_one_length_and_numbers() -> None:
    rows = frame()
    with pytest.raises(ValueError, match="need the same n"):
        History.observed(rows[["heat", "time"]], rows["y"][:3])
    with pytest.raises(ValueError, match=r"'oil' \(text\) in row 0, column 'heat'"):
        History.observed(rows.assign(heat="oil")[["heat", "time"]], rows["y"])
    history = History.observed(rows[["heat", "time"]], rows["y"], rows["heat"] - 0.5)
    assert history.C.shape == (len(rows), 1)
    assert repr(history) == f"<History: {len(rows)} rows of 2 variables, 1 objectives, 1 constraints; 0 pending>"


def test_categories_of_a_space_go_in_and_out_as_labels() -> None:
    space = Space(("heat", "quench"), ("continuous", "categorical"), np.zeros(2), np.ones(2), ((), ("air", "oil")))
    rows = pd.DataFrame({"quench": ["oil", "air"], "heat": [0.5, 0.25]})
    assert space.coded(rows).tolist() == [[0.5, 1.0], [0.25, 0.0]]
    pd.testing.assert_frame_equal(space.frame(space.coded(rows)), rows[["heat", "quench"]])
    assert repr(space) == "<Space: heat, quench>"
    assert repr(replace(space, table=np.zeros((3, 2)))) == "<Space: heat, quench; one of 3 rows>"
