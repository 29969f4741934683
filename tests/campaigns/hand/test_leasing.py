"""Candidates handed out to several who ask: one holder each, for as long as was said, whatever dies meanwhile."""

import time

import pytest

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.record import leases
from eutectic.campaigns.record.journal import Draft, Journal
from eutectic.campaigns.record.outcomes import Lease
from eutectic.campaigns.sharing import release
from eutectic.campaigns.telling import suggested, tell_once
from tests.campaigns.hand.test_asking import begun, measure, validated_by

VALUES = {"a": 1.0, "b": 1.0}


def numbers(outcomes):
    return [o.number for o in outcomes]


def events(campaign, *kinds):
    return campaign.logbook.journal.of_kind(*kinds)


def test_no_two_holders_get_one_sample_and_asking_twice_gives_the_same(tmp_path):
    with begun(tmp_path) as campaign, Campaign.open(tmp_path / "run") as other:
        assert numbers(suggested(campaign, 2, holder="ann")[0]) == [1, 2]
        assert numbers(suggested(other, 2, holder="bob")[0]) == [3, 4]
        assert numbers(suggested(campaign, 2, holder="ann")[0]) == [1, 2]
        assert numbers(suggested(campaign, 3, holder="ann")[0]) == [1, 2, 5]
        assert numbers(suggested(other, 1)[0]) == [6]
        assert [o.lease.holder for o in campaign.ledger.outcomes if o.lease] == ["ann", "ann", "bob", "bob", "ann"]


def test_the_best_are_handed_out_for_validation_to_one_holder_each(tmp_path):
    with validated_by(tmp_path, "person") as campaign, Campaign.open(tmp_path / "run") as other:
        (hers,) = suggested(campaign, 1, holder="ann")[0]
        (his,) = suggested(other, 3, holder="bob")[0]
        assert {hers.number, his.number} == {*campaign.logbook.record.chosen}
        release(campaign, hers.id)
        assert numbers(suggested(other, 2, holder="bob")[0]) == [his.number, hers.number]
        for outcome in (hers, his):
            other.tell_validation(outcome.id, VALUES)
        assert [o.lease for o in campaign.ledger.outcomes] == [None] * 4
        with pytest.raises(CampaignFileError, match="nobody holds it any more"):
            release(campaign, hers.id)


def test_asking_every_second_does_not_fill_the_journal(tmp_path):
    with begun(tmp_path) as campaign:
        for _ in range(5):
            suggested(campaign, 2, holder="ann")
        assert len(events(campaign, "leased")) == 2


def test_a_lease_that_lapsed_goes_to_the_next_who_asks_and_a_late_tell_is_taken(tmp_path):
    with begun(tmp_path) as campaign:
        suggested(campaign, 1, holder="ann", lease_s=0.01)
        assert leases.another(campaign.ledger.outcomes[0], "bob", campaign.ledger.outcomes[0].lease.until - 0.001)
        time.sleep(0.02)
        assert numbers(suggested(campaign, 1, holder="bob")[0]) == [1]
        assert numbers(suggested(campaign, 1, holder="ann")[0]) == [2]
        assert tell_once(campaign, "1", VALUES, by="ann").status == "finished"
        assert campaign.ledger.outcomes[0].lease is None
        assert numbers(suggested(campaign, 1, holder="bob")[0]) == [3]


def test_leases_outlive_the_process_that_wrote_them(tmp_path):
    with begun(tmp_path) as campaign:
        suggested(campaign, 1, holder="ann", lease_s=1000)
        until = campaign.ledger.outcomes[0].lease.until
    with Campaign.open(tmp_path / "run") as campaign:
        assert campaign.ledger.outcomes[0].lease == Lease("ann", until)
        assert numbers(suggested(campaign, 1, holder="bob")[0]) == [2]


def test_what_was_given_up_goes_to_the_next_and_what_was_returned_to_nobody(tmp_path):
    with begun(tmp_path) as campaign:
        suggested(campaign, 2, holder="ann")
        assert release(campaign, "1", by="ann").lease is None
        campaign.return_("2", never=True)
        assert numbers(suggested(campaign, 2, holder="bob")[0]) == [1, 3]


def test_a_failure_of_the_infrastructure_leaves_it_to_whoever_asks(tmp_path):
    with begun(tmp_path) as campaign:
        suggested(campaign, 1, holder="ann")
        campaign.fail("1", "furnace off", infrastructure=True)
        assert numbers(suggested(campaign, 1, holder="bob")[0]) == [1]


def test_a_lease_of_no_time_is_refused(tmp_path):
    with begun(tmp_path) as campaign, pytest.raises(CampaignFileError, match="lease of 0 s"):
        suggested(campaign, 1, holder="ann", lease_s=0)


def test_telling_the_same_twice_is_one_event_and_another_value_a_conflict(tmp_path):
    with begun(tmp_path) as campaign:
        suggested(campaign, 1)
        tell_once(campaign, "1", VALUES, {"a": 0.1})
        assert tell_once(campaign, "1", VALUES, {"a": 0.1}).status == "finished"
        with pytest.raises(CampaignFileError) as raised:
            tell_once(campaign, "1", {"a": 1.5, "b": 1.0})
        assert [c.kind for c in raised.value.complaints] == ["conflict"]
        with pytest.raises(CampaignFileError, match="finished already"):
            tell_once(campaign, "1", VALUES, {"a": 0.2})
        assert len(events(campaign, "told")) == 1


def test_a_result_told_after_the_sample_was_given_back_is_added(tmp_path):
    with begun(tmp_path) as campaign:
        measure(campaign, suggested(campaign, 1)[0][0])
        suggested(campaign, 1)
        campaign.return_("2", why="ann is ill")
        added = tell_once(campaign, "2", VALUES)
        assert (added.number, added.status, dict(added.values)) == (0, "finished", VALUES)
        assert added.variables == campaign.ledger.outcomes[2].variables


def test_a_key_counts_once_for_repeats_and_additions_and_survives_a_restart(tmp_path):
    with begun(tmp_path) as campaign:
        suggested(campaign, 1)
        campaign.tell("1", VALUES)
        for _ in range(2):
            outcome = campaign.tell("1", {"a": 2.0}, repeat=True, key="shot 7")
        assert (len(outcome.measurements), outcome.values["a"]) == (2, 1.5)
        campaign.add({"x": 0.25, "y": 0.5}, VALUES, key="old 1")
    with Campaign.open(tmp_path / "run") as campaign:
        assert len(campaign.tell("1", {"a": 2.0}, repeat=True, key="shot 7").measurements) == 2
        assert campaign.add({"x": 0.25, "y": 0.5}, VALUES, key="old 1").number == 0
        with pytest.raises(CampaignFileError, match="the key of another telling"):
            campaign.add({"x": 0.75, "y": 0.5}, {"a": 3.0, "b": 3.0}, key="old 1")
        assert (len(events(campaign, "added")), len(events(campaign, "told"))) == (1, 2)


def test_a_campaign_is_wanted_from_start_to_stop(tmp_path):
    with begun(tmp_path) as campaign:
        assert not campaign.ledger.wanted
        for kind, wanted in (("start", True), ("stop", False), ("start", True)):
            journal = Journal.open(tmp_path / "run")
            journal.write(Draft(kind, {"by": "ann"}))
            journal.close()
            assert campaign.ledger.wanted == wanted


def test_asking_for_a_moment_does_not_look_like_a_run(tmp_path):
    begun(tmp_path).close()
    with Campaign.open(tmp_path / "run") as campaign, Campaign.open(tmp_path / "run") as other:
        campaign._lock.acquire(moment=True)
        assert not other.running
        campaign._lock.release()
        campaign._lock.acquire()
        assert other.running
