import json

import pytest
import yaml

from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.exports.export import to_json
from eutectic.campaigns.file.secrets import hidden, masked
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.tracking.position import VARIABLE, Positions, address, tracking_uri
from tests.campaigns import ledgers

URI = "postgresql://eva:hunter2@db.example/mlflow"


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        (URI, "postgresql://eva:***@db.example/mlflow"),
        ("https://eva:a:b@mlflow.example", "https://eva:***@mlflow.example"),
        ("sqlite:////home/eva/mlflow.db", "sqlite:////home/eva/mlflow.db"),
        ("https://mlflow.example:5000/@eva", "https://mlflow.example:5000/@eva"),
    ],
)
def test_an_address_is_shown_without_its_password(uri, shown):
    assert masked(uri) == shown
    assert hidden(shown) == (uri != shown)


def test_a_password_in_a_file_is_refused_with_its_line_and_not_repeated(tmp_path):
    spec = ledgers.single(1).spec
    content = {**spec.dump(), "tracking": {"uri": URI}}
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(CampaignFileError, match="a password would be copied into the record") as raised:
        CampaignSpec.from_file(tmp_path / "c.yaml")
    assert "hunter2" not in str(raised.value)
    assert "c.yaml:" in str(raised.value)


def test_what_an_old_journal_holds_goes_into_no_export_and_still_reaches_the_store(tmp_path):
    spec = CampaignSpec.from_content({**ledgers.single(1).spec.dump(), "tracking": {"uri": URI}})
    assert "hunter2" not in json.dumps(spec.dump())
    assert tracking_uri(spec, tmp_path) == URI
    assert CampaignSpec.from_content(spec.dump(secrets=True)).tracking.uri == URI
    assert "hunter2" not in to_json(ledgers.single(1))


def test_a_store_whose_password_was_not_kept_is_asked_of_the_environment(tmp_path, monkeypatch):
    positions = Positions(tmp_path / "tracking.json", masked(URI))
    positions.write()
    monkeypatch.setenv(VARIABLE, URI)
    assert address(tmp_path) == URI
    assert tracking_uri(ledgers.single(1).spec, tmp_path, last=masked(URI)) == URI
