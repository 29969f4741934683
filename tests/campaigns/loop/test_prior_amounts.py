"""Amounts of elements and errors in a history: units that titles name, sums beside the whole, what cannot be."""

from pathlib import Path
from typing import Any

import pytest

from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.loop.prior_data import warnings_of
from tests.campaigns.loop.test_prior_data import known, problem, write

ALLOY = {"use": "composition", "elements": {"Fe": [0, 1], "Ni": [0, 1]}}
WEIGHTS = {"use": "composition", "elements": {"Fe": [0, 100], "Ni": [0, 100]}, "unit": "wt.%"}
DIVIDED = "1 of 1 rows have fractions that do not quite sum to 1, and were divided by their sum"


def alloys(folder: Path, text: str, space: Any = ALLOY, **options: Any) -> Path:
    (folder / "old.csv").write_text(text)
    return write(folder, "a", space=space, history={"file": "old.csv", **options})


@pytest.mark.parametrize(("space", "iron"), [(WEIGHTS, 50.0), (ALLOY, 0.5124)])
@pytest.mark.parametrize("titles", ["Fe (wt.%),Ni (wt.%)", "Fe_wt_percent,Ni_wt_percent", "wt% Fe,wt% Ni"])
def test_the_unit_in_a_columns_title_is_its_unit(tmp_path: Path, titles: str, space: Any, iron: float) -> None:
    (row,) = known(alloys(tmp_path, f"{titles},y\n50,50,1\n", space))
    assert row["candidate"]["variables"]["Fe"] == pytest.approx(iron, abs=1e-4)


def test_titles_and_source_that_name_two_units_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CampaignFileError, match=r"amounts are in at.% and in wt.%; give one unit"):
        known(alloys(tmp_path, "Fe (wt.%),Ni (wt.%),y\n50,50,1\n", unit="at.%"))


@pytest.mark.parametrize(
    ("text", "space", "options"),
    [
        ("Fe,Ni,y\n0.5,0.503,1\n", ALLOY, {}),
        ("Fe,Ni,y\n50.1,50.2,1\n", ALLOY, {"unit": "at.%"}),
        ("Fe,Ni,y\n50.1,50.2,1\n", WEIGHTS, {}),
        ("Fe (wt.%),Ni (wt.%),y\n50.1,50.2,1\n", ALLOY, {}),
    ],
)
def test_sums_beside_the_whole_are_divided_with_a_word(tmp_path: Path, text: str, space: Any, options: Any) -> None:
    path = alloys(tmp_path, text, space, **options)
    assert any(DIVIDED in note for note in warnings_of(problem(path)))
    variables = known(path)[0]["candidate"]["variables"]
    assert variables["Fe"] + variables["Ni"] == pytest.approx(100 if space is WEIGHTS else 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Fe,Ni,y\n1.1,-0.1,1\n", r"old.csv:2: Ni is -0.1: an amount is not negative"),
        ("Fe,Ni,y\n0.5,0.5,1e308\n", "'1e308' is no number to compute with"),
        ("Fe,Ni,y,y_std\n0.5,0.5,1,-0.1\n", "column 'y_std': '-0.1' is negative, and no standard error is"),
        ("Fe,Ni,y\n0.2,0.3,1\n", r"sum to 0\.5, not to 1"),
        ("f,y\nFe203,1\nFeNi,2\nNi,3\n", "is a zero written for an O"),
    ],
)
def test_what_cannot_be_is_refused_by_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(CampaignFileError, match=said):
        known(alloys(tmp_path, text))
