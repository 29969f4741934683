import csv

import pytest
from openpyxl import Workbook
from typer.testing import CliRunner

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.cli import app
from eutectic.campaigns.errors import CampaignFileError, CampaignFolderError
from eutectic.campaigns.hand.sheet import read, sheet
from eutectic.campaigns.telling import checked, tell_row
from tests.campaigns.hand.test_asking import begun


@pytest.fixture
def four(tmp_path):
    """A campaign of a person's, four asked for."""
    with begun(tmp_path) as campaign:
        campaign.ask(4)
        yield campaign


def lines(path):
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def write(path, rows):
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def tell(campaign, path):
    return [tell_row(campaign, row) for row in checked(read(path, ["x", "y"]))]


def test_a_sheet_goes_out_empty_and_comes_back_partly_filled_out_of_order_and_twice(four, tmp_path):
    path = tmp_path / "sheet.csv"
    path.write_text(sheet(four.waiting(), four.problem))
    rows = lines(path)
    assert list(rows[0]) == ["number", "id", "x", "y", "a", "b", "failed", "note"]
    assert [float(rows[2]["x"]), rows[2]["a"]] == [four.ledger.outcomes[2].x[0], ""]
    rows[2] |= {"a": "1.5", "b": "2"}
    rows[3] |= {"failed": "cracked"}
    write(path, rows[::-1])
    assert tell(four, path) == [True, True, False, False]
    rows[0] |= {"a": "1", "note": "wet"}
    write(path, rows)
    assert tell(four, path) == [True, False, False, False]
    outcomes = four.ledger.outcomes
    assert [o.status for o in outcomes] == ["proposed", "proposed", "finished", "failed"]
    assert outcomes[2].values == {"a": 1.5, "b": 2.0}
    assert [r.text for r in outcomes[0].remarks] == ["wet"]
    assert tell(four, path) == [False] * 4


def test_a_row_without_an_id_is_a_result_never_suggested(four, tmp_path):
    path = tmp_path / "sheet.csv"
    path.write_text("x,y,a,b\n0.5,0.5,1,1\n")
    assert [tell(four, path), tell(four, path)] == [[True], [False]]
    assert four.ledger.outcomes[0].values == {"a": 1.0, "b": 1.0}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("number,x,a\n1,0.987,1\n", r"sheet\.csv:2: x is 0\.987 here and .* for candidate"),
        ("number,x,a\n1,,1\n#9,,1\n", r"sheet\.csv:3: unknown candidate '#9'"),
        ("number,a\n1,1\n1,2\n", r"sheet\.csv:3: 'a' of candidate .* was told as 1 already"),
        ("number,x,a\n1,,1\n2,0.1,1\n2,0.2,1\n", r"sheet\.csv:4: x of candidate '2' is 0\.2 here and 0\.1 in .*:3"),
        ("x,a\n0.5,1\n", r"sheet\.csv:2: no variable 'y' among what is given: x"),
        ("p,a\n0.5,1\n", "a column `id`"),
    ],
)
def test_a_sheet_that_contradicts_the_record_or_itself_is_refused_with_its_line(four, tmp_path, text, said):
    (tmp_path / "sheet.csv").write_text(text)
    with pytest.raises(CampaignFileError, match=said):
        tell(four, tmp_path / "sheet.csv")


def campaign(*words):
    done = CliRunner().invoke(app, [str(word) for word in words])
    if isinstance(done.exception, CampaignFileError):
        return str(done.exception)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_commands_of_a_day_in_the_laboratory(tmp_path):
    home, form = tmp_path / "run", tmp_path / "sheet.csv"
    begun(tmp_path).close()
    campaign("suggest", home, "-n", "4", "--csv", form)
    first, second, third, fourth = (row["id"] for row in lines(form))
    assert "candidate 1" in campaign("tell", home, "--id", first[:6], "a=1", "b=2", "--by", "Eva")
    assert "held this already" in campaign("tell", home, "--id", first, "a=1", "b=2")
    assert "measured 2 times" in campaign("tell", home, "--id", "1", "a=2", "--repeat")
    assert "has failed: cracked" in campaign("tell", home, "--id", second, "--failed", "cracked")
    assert "waits again" in campaign("tell", home, "--id", third, "--failed", "no power", "--infrastructure")
    assert "corrected b 2 -> 3 (misread)" in campaign("tell", home, "--id", "1", "--correct", "b=3", "--why", "misread")
    assert "given back" in campaign("tell", home, "--id", campaign("return", home, fourth) and fourth, "a=1")
    assert "noted" in campaign("tell", home, "--id", third, "--note", "second furnace")
    kept = campaign(
        "tell", home, "--id", third, "--note", "as grown", "--file", form, "--file", __file__, "--by", "Eva"
    )
    assert ("sheet.csv is kept with" in kept, "test_sheet.py is kept with" in kept) == (True, True)
    assert "outside the space" in campaign("tell", home, "--add", "x=1.5", "y=0.5", "a=1", "b=1")
    assert "did you mean 'x'" in campaign("tell", home, "--add", "xx=1.5", "y=0.5", "a=1")
    assert "a failure added (" in campaign("tell", home, "--add", "x=0.9", "y=0.9", "--failed", "melted")
    assert "y is a variable of the space" in campaign("tell", home, "--id", third, "y=high", "a=1")
    assert "has no place beside" in campaign("tell", home, "--add", "x=0.8", "y=0.9", "a=1", "--failed", "melted")
    assert "told" in campaign("tell", home, "--csv", form)
    standing = campaign("status", home)
    assert "1/10 done, 1 failed" in standing
    assert campaign("suggest", home, "-n", "3", "--format", "json").count('"id"') == 3


def test_a_sheet_of_a_spreadsheet_with_decimal_commas_comes_back_and_so_does_a_workbook(tmp_path):
    home, form = tmp_path / "run", tmp_path / "sheet.csv"
    begun(tmp_path).close()
    campaign("suggest", home, "-n", "3", "--csv", form, "--separator", ";", "--decimal", ",")
    text = form.read_text().splitlines()
    x = Campaign.open(home).find("1").variables["x"]
    assert text[0] == "number;id;x;y;a;b;failed;note"
    assert text[1].split(";")[2] == str(x).replace(".", ",")
    form.write_text("\n".join([text[0], text[1].removesuffix(";;;") + "1,5;2;;", *text[2:]]))
    assert "if ';' stands between cells, say `--separator ';'`" in campaign("tell", home, "--csv", form)
    refused = campaign("tell", home, "--csv", form, "--separator", ";")
    assert "'1,5' is no number; if ',' stands before decimals, say `--decimal ','`" in refused
    told = campaign("tell", home, "--csv", form, "--separator", ";", "--decimal", ",")
    assert "about 1 candidate; 2 not filled in" in told
    book = Workbook()
    for row in (["number", "a", "b"], [2, 0.5, 0.25]):
        book.active.append(row)
    book.save(tmp_path / "sheet.xlsx")
    assert "about 1 candidate" in campaign("tell", home, "--csv", tmp_path / "sheet.xlsx")
    with Campaign.open(home) as opened:
        assert [o.values for o in opened.ledger.outcomes[:2]] == [{"a": 1.5, "b": 2.0}, {"a": 0.5, "b": 0.25}]


def test_suggest_begins_a_campaign_of_a_file_and_says_what_to_type_next(tmp_path):
    begun(tmp_path).close()
    file, home = tmp_path / "trial.yaml", tmp_path / "other"
    done = CliRunner().invoke(app, ["suggest", str(file), "-n", "2", "--dir", str(home), "--set", "seed=4"])
    assert done.exit_code == 0
    assert f"campaign tell {home} --id ID a=... b=..." in done.stderr
    assert "sobol" in done.stdout
    with Campaign.open(home) as opened:
        assert opened.problem.spec.seed == 4
        assert [o.status for o in opened.ledger.outcomes] == ["proposed", "proposed"]
    with pytest.raises(CampaignFolderError, match=f"go on with it: campaign suggest {home}"):
        CliRunner().invoke(app, ["suggest", str(file), "--dir", str(home)], catch_exceptions=False)
    with pytest.raises(CampaignFolderError, match="nothing: no such folder"):
        CliRunner().invoke(app, ["suggest", str(tmp_path / "nothing")], catch_exceptions=False)


def test_a_sheet_that_cannot_be_read_is_named_once(tmp_path):
    path = tmp_path / "s2.csv"
    path.write_text("id,y\n1,2\0\n")
    with pytest.raises(CampaignFileError) as refused:
        read(path, ["x"])
    assert str(refused.value).count("s2.csv") == 1
