"""What a person tells a campaign, in words and in a table."""

from pathlib import Path

import pytest

from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.hand.sheet import read
from eutectic.campaigns.hand.words import from_words


def test_told_words_are_values_and_standard_errors() -> None:
    told = from_words(["yield_percent=71.5", "yield_percent_std=0.8"])
    assert told.values == {"yield_percent": 71.5}
    assert told.errors == {"yield_percent": 0.8}


def test_a_property_that_only_ends_like_an_error_is_a_property() -> None:
    assert from_words(["grain_size_std=2"]).values == {"grain_size_std": 2.0}


@pytest.mark.parametrize("word", ["71.5", "yield=", "yield=much", "yield=nan", "=3"])
def test_words_that_say_no_number_are_refused(word: str) -> None:
    with pytest.raises(CampaignFileError):
        from_words([word])


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("yield\n3\n", ":1"),
        ("id,yield\nabc,much\n", ":2: yield"),
        ("id,yield\nabc,1\n,2\n", ":3"),
        ("id,yield\nabc,1,2\n", ": cannot be read: row 1 (line 2)"),
        ("id,yield,yield\nabc,1,2\n", ": cannot be read: column 'yield' stands there 2 times"),
        ("id,yield,failed\nabc,1,cracked\n", ":2"),
    ],
)
def test_bad_table_is_refused_with_its_line(text: str, place: str, tmp_path: Path) -> None:
    (tmp_path / "told.csv").write_text(text)
    with pytest.raises(CampaignFileError) as refused:
        read(tmp_path / "told.csv", ["x"])
    assert f"told.csv{place}" in str(refused.value)
