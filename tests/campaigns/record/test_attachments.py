"""Files kept with a candidate: whole, once, by whatever name, and never anywhere else."""

import hashlib

import pytest

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.errors import CampaignFileError, CampaignFolderError
from eutectic.campaigns.exports.crate import write_crate
from eutectic.campaigns.record import attachments
from eutectic.campaigns.record.attachments import Attachment, content_of, keep
from eutectic.campaigns.report.remarks import remarks
from tests.campaigns.hand.test_asking import begun

PATTERN = b"2theta,counts\n10.0,312\n\x00\xff"


def test_a_file_is_kept_by_its_content_and_known_by_its_name(tmp_path):
    first = keep(tmp_path, "scan.xy", PATTERN)
    assert first == Attachment("scan.xy", hashlib.sha256(PATTERN).hexdigest(), len(PATTERN))
    again = keep(tmp_path, "µ-XRD of 3.xy", PATTERN)
    assert [path.name for path in (tmp_path / "files").iterdir()] == [first.sha256] == [again.sha256]
    assert content_of(tmp_path, again) == PATTERN
    assert Attachment.from_json(again.to_json()) == again


@pytest.mark.parametrize("name", ["", "  ", "..", "../scan", "/etc/passwd", "a\\b", "a\nb", "a\u202eb", "x" * 201])
def test_a_path_is_no_name(tmp_path, name):
    with pytest.raises(CampaignFileError):
        keep(tmp_path, name, PATTERN)
    assert list(tmp_path.iterdir()) == []


def test_what_was_changed_or_taken_away_is_not_handed_out(tmp_path, monkeypatch):
    kept = keep(tmp_path, "scan.xy", PATTERN)
    (tmp_path / "files" / kept.sha256).write_bytes(PATTERN + b" ")
    with pytest.raises(CampaignFolderError, match="its content has changed"):
        content_of(tmp_path, kept)
    (tmp_path / "files" / kept.sha256).unlink()
    with pytest.raises(CampaignFolderError, match=r"'scan.xy' was kept here and is gone"):
        content_of(tmp_path, kept)
    monkeypatch.setattr(attachments, "MOST_BYTES", 10)
    with pytest.raises(CampaignFileError, match="has 25 bytes; at most 10 are kept"):
        keep(tmp_path, "scan.xy", PATTERN)


def test_a_file_stands_in_record_report_and_research_object(tmp_path):
    with begun(tmp_path) as campaign:
        campaign.ask(2)
        outcome = campaign.attach("2", "scan.xy", PATTERN, "at 40 kV", by="Eva")
        assert campaign.attach("2", "scan.xy", PATTERN).remarks == outcome.remarks  # told twice, kept once
        (remark,) = outcome.remarks
        assert (remark.text, remark.by, remark.file.name) == ("at 40 kV", "Eva", "scan.xy")
        with pytest.raises(CampaignFileError, match="candidate '9'"):
            campaign.attach("9", "other.xy", b"other")
        assert len(list((tmp_path / "run" / "files").iterdir())) == 1
        assert "at 40 kV; file scan.xy (25 bytes, files/" in str(remarks(campaign.ledger))
        target = write_crate(campaign.ledger, tmp_path / "crate", lambda path: path.write_text(""))
    whole = (tmp_path / "run" / "files" / remark.file.sha256).read_bytes()
    (tmp_path / "run" / "files" / remark.file.sha256).unlink()
    with Campaign.open(tmp_path / "run") as again, pytest.raises(CampaignFolderError, match=r"scan.xy.*tells it again"):
        write_crate(again.ledger, tmp_path / "second", lambda path: path.write_text(""))
    assert not (tmp_path / "second").exists()
    (tmp_path / "run" / "files" / remark.file.sha256).write_bytes(whole)
    assert (target / "files" / remark.file.sha256).read_bytes() == PATTERN
    assert "scan.xy, kept with candidate #2" in (target / "ro-crate-metadata.json").read_text()
    with Campaign.open(tmp_path / "run") as again:
        assert again.find("2").remarks == (remark,)
