"""Every surrogate takes frames and series, knows its columns by name, and refuses what it cannot learn from."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

from eutectic.surrogates import BUILTIN
from eutectic.surrogates.base import Domain
from eutectic.surrogates.frames import coded, framed
from eutectic.surrogates.gp.recipe import GaussianProcess
from eutectic.surrogates.polynomial.recipe import Polynomial
from tests.surrogates.functions import recipe, toy

NAMES = sorted(BUILTIN)


def frame() -> pd.DataFrame:
    X, y = toy()
    return pd.DataFrame({"heat": X[:, 0], "time": X[:, 1], "y": y[:, 0]}, index=[f"row {k}" for k in range(len(X))])


@cache
def fitted(name: str):
    rows = frame()
    return recipe(name).fit(rows[["heat", "time"]], rows["y"])


@pytest.mark.parametrize("name", NAMES)
def test_a_frame_is_learned_as_its_array_and_found_again_by_its_names(name: str) -> None:
    rows = frame()
    fit = fitted(name)
    same = fit.posterior(rows[["heat", "time"]].to_numpy()).mean
    assert np.array_equal(fit.posterior(rows[["heat", "time"]]).mean, same)
    assert np.array_equal(fit.posterior(rows[["time", "heat"]]).mean, same)
    assert "heat, time" in repr(fit)
    assert "\n" not in repr(fit)
    assert fit._repr_html_().count("<table>") == 1


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda rows: rows[["heat"]], "no column 'time'"),
        (lambda rows: rows.rename(columns={"time": "times"})[["heat", "times"]], "did you mean 'times'"),
        (lambda rows: rows, "'y' that is no input"),
        (lambda rows: rows[["heat"]].to_numpy(), r"must have 2 columns \(heat, time\), got shape \(14, 1\)"),
        (lambda rows: rows[["heat", "time"]].assign(time=np.nan), "nan in row 0, column 'time'"),
        (lambda rows: rows[["heat", "time"]].assign(time="long"), r"'long' \(text\) in row 0, column 'time'"),
    ],
)
def test_what_is_no_row_of_its_inputs_is_not_predicted(name: str, spoil, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        fitted(name).posterior(spoil(frame()))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("X", "Y", "said"),
    [
        (lambda rows: rows, lambda rows: rows["y"], "'y' is a column of Y and of X"),
        (lambda rows: rows[["heat"]], lambda rows: rows["y"].iloc[::-1], "another order"),
        (lambda rows: rows[["heat"]].assign(time="3.5"), lambda rows: rows["y"], r"'3.5' \(text\)"),
        (lambda rows: rows[["heat"]], lambda rows: rows["y"].replace(rows["y"].iloc[3], np.inf), "inf in row 3"),
        (lambda rows: rows[["heat"]], lambda rows: rows["y"].to_numpy()[:5], "the same n > 0"),
    ],
)
def test_what_cannot_be_learned_from_is_refused(name: str, X, Y, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        recipe(name).fit(X(frame()), Y(frame()))


@pytest.mark.parametrize("name", NAMES)
def test_a_domain_and_variances_of_another_shape_are_refused(name: str) -> None:
    X, y = toy()
    with pytest.raises(ValueError, match="the domain has 3 columns and X 2"):
        recipe(name).fit(X, y, domain=Domain(np.zeros(3), np.ones(3)))
    with pytest.raises(ValueError, match="variance has shape"):
        recipe(name).fit(X, y, variance=np.ones(3))
    with pytest.raises(ValueError, match="none is below 0"):
        recipe(name).fit(X, y, variance=-np.ones(len(y)))


def test_a_series_is_one_column_and_a_list_of_names_picks_columns() -> None:
    rows = frame()
    one = Polynomial().fit(rows["heat"], rows["y"])
    assert one.names == ("heat",)
    assert np.array_equal(one.posterior(rows["heat"]).mean, one.posterior(rows[["heat"]]).mean)
    picked = Polynomial().fit(rows[["heat", "time"]], rows["y"], names=["time"])
    assert picked.names == ("time",)
    with pytest.raises(ValueError, match="did you mean 'time'"):
        Polynomial().fit(rows, rows["y"], names=["tiem"])


def test_a_fit_without_names_takes_frames_of_its_width() -> None:
    X, y = toy()
    fit = Polynomial().fit(X, y)
    assert np.array_equal(fit.posterior(pd.DataFrame(X, columns=["heat", "time"])).mean, fit.posterior(X).mean)


def test_a_process_of_one_column_refuses_two() -> None:
    X, y = toy()
    with pytest.raises(ValueError, match=r"must have 1 columns \(heat\), got shape \(14, 2\)"):
        GaussianProcess(iterations=5).fit(X[:, :1], y, ["heat"]).posterior(X)


def test_values_of_nullable_columns_are_numbers_and_their_gaps_are_named() -> None:
    rows = frame().assign(count=pd.array([1] * 13 + [None], dtype="Int64"))
    with pytest.raises(ValueError, match=r"X has nan in row 13, column 'count' \(1 missing"):
        Polynomial().fit(rows[["heat", "count"]], rows["y"])
    assert Polynomial().fit(rows[["heat", "count"]][:13], rows["y"][:13]).names == ("heat", "count")
    with pytest.raises(ValueError, match="2 columns called 'heat'"):
        Polynomial().fit(rows[["heat", "heat"]], rows["y"])
    with pytest.raises(ValueError, match="Timestamp"):
        Polynomial().fit(rows.assign(when=pd.Timestamp("2024-01-01"))[["heat", "when"]], rows["y"])


def test_categories_are_coded_by_their_labels_and_shown_by_them() -> None:
    names, categories = ("quench", "hours"), (("air", "oil"), ())
    rows = pd.DataFrame({"hours": [1.5, 2.0], "quench": ["oil", "air"]})
    X = coded(rows, names, categories)
    assert X.tolist() == [[1, 1.5], [0, 2.0]]
    pd.testing.assert_frame_equal(framed(X, names, categories), rows[["quench", "hours"]])
    assert coded(rows.assign(quench=[1, 0]), names, categories).tolist() == X.tolist()
    with pytest.raises(ValueError, match="'oli' is none of its categories; did you mean 'oil'"):
        coded(rows.assign(quench="oli"), names, categories)
    with pytest.raises(ValueError, match="no column 'hours'"):
        coded(rows[["quench"]], names, categories)
