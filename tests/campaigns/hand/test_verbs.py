import gc
import math

import pytest

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.hand.adding import OutsideSpace
from eutectic.campaigns.record.fold import begin
from eutectic.campaigns.record.history import history_of
from eutectic.campaigns.record.journal import Journal
from eutectic.campaigns.record.ledger import read_ledger
from tests.campaigns.hand.test_asking import begun, measure


@pytest.fixture
def four(tmp_path):
    """A campaign of a person's, four asked for."""
    with begun(tmp_path) as campaign:
        campaign.ask(4)
        yield campaign


def test_a_failed_sample_is_learned_as_infeasible_and_never_asked_for_again(four):
    outcome = four.fail("2", "cracked", by="Eva")
    assert (outcome.status, outcome.error, outcome.barred) == ("failed", "cracked", True)
    assert [(r.text, r.by) for r in outcome.remarks] == [("failed: cracked", "Eva")]
    history = history_of(four.ledger, four.problem.space)
    assert history.failed.tolist() == [True]
    assert len(history.pending) == 3
    with pytest.raises(CampaignFileError, match=r"has ended \(failed: cracked\)"):
        four.fail("2", "cracked again")
    with pytest.raises(CampaignFileError, match="say why it failed"):
        four.fail("1", " ")


def test_a_failed_candidate_of_a_list_is_not_proposed_again(tmp_path):
    (tmp_path / "pool.csv").write_text("x,y\n0,0\n1,1\n0,1\n")
    space = {"use": "pool", "file": "pool.csv", "features": ["x", "y"]}
    with begun(tmp_path, space=space) as campaign:
        first = campaign.ask(1)[0]
        campaign.fail(first.id, "cracked")
        others = campaign.ask(2)
        assert len({first.id, *(o.id for o in others)}) == 3
        assert campaign.ask(2) == []


def test_what_was_not_the_samples_fault_waits_again(four):
    outcome = four.fail("2", "the furnace lost power", infrastructure=True)
    assert (outcome.status, outcome.attempts, outcome.barred) == ("proposed", 1, False)
    assert [o.number for o in four.waiting()] == [1, 2, 3, 4]
    assert four.tell("2", {"a": 1.0, "b": 1.0}).status == "finished"
    assert [e.kind for e in four.logbook.journal.about(2)] == ["reported", "told", "settled"]


def test_replicates_are_averaged_and_each_is_kept(four):
    four.tell("1", {"a": 1.0, "b": 2.0})
    four.tell("1", {"a": 2.0}, repeat=True, by="Eva", note="second batch of powder")
    outcome = four.tell("1", {"a": 3.0, "b": 2.0}, repeat=True)
    assert outcome.values == {"a": 2.0, "b": 2.0}
    assert outcome.errors == {"a": pytest.approx(1 / math.sqrt(3))}  # both of b agree, which says nothing of its error
    assert [dict(m.values) for m in outcome.measurements] == [{"a": 1.0, "b": 2.0}, {"a": 2.0}, {"a": 3.0, "b": 2.0}]
    assert outcome.losses == (2.0, 2.0)
    assert history_of(four.ledger, four.problem.space).noise[0].tolist()[0] == pytest.approx(1 / math.sqrt(3))
    assert [r.text for r in outcome.remarks] == ["second batch of powder"]


def test_standard_errors_that_were_given_are_not_undercut_by_chance_agreement(four):
    four.tell("1", {"a": 1.0, "b": 0.0}, {"a": 0.4})
    outcome = four.tell("1", {"a": 1.0}, {"a": 0.4}, repeat=True)
    assert outcome.errors["a"] == pytest.approx(0.4 / math.sqrt(2))


def test_a_second_value_has_to_say_what_it_is(four):
    four.tell("1", {"a": 1.0})
    with pytest.raises(CampaignFileError, match=r"told as 1 already; another measurement of it: --repeat .in Python"):
        four.tell("1", {"a": 2.0})
    four.tell("1", {"a": 1.0, "b": 1.0})
    with pytest.raises(CampaignFileError, match=r"has finished already \(a 1, b 1\).*--correct .in Python `correct`"):
        four.tell("1", {"a": 2.0})
    with pytest.raises(CampaignFileError, match=r"x is a variable of the space, no property: .*give this one back"):
        four.tell("2", {"x": 0.25})


def test_a_correction_keeps_the_old_value_with_who_and_why(four):
    for number in "1234":
        four.tell(number, {"a": 1.0, "b": 1.0})
    before = four.ledger.hypervolume
    outcome = four.correct("2", {"a": 0.5}, why="misread", by="Eva")
    assert (outcome.values["a"], outcome.losses[0]) == (0.5, 0.5)
    assert [(r.text, r.by) for r in outcome.remarks] == [("corrected a 1 -> 0.5 (misread)", "Eva")]
    body = next(e.body for e in four.logbook.journal.since() if e.kind == "corrected")
    assert (body["before"], body["values"], body["why"], body["by"]) == ({"a": 1.0}, {"a": 0.5}, "misread", "Eva")
    assert (before, four.ledger.hypervolume) == (1.0, 1.5)


def test_the_hypervolume_of_earlier_rounds_follows_a_correction_also_in_the_journal(tmp_path):
    with begun(tmp_path) as campaign:
        for _ in range(3):
            campaign.tell(campaign.ask(1)[0].id, {"a": 1.0, "b": 1.0})
        campaign.correct("1", {"a": 0.5})
        assert [r.hypervolume for r in campaign.ledger.rounds] == [1.5, 1.5, 1.5]
        campaign.ask(1)
        again = [e.body for e in campaign.logbook.journal.since() if e.kind == "reference"][-1]
    assert again["hypervolumes"] == [[0, 1.5], [1, 1.5]]  # the third round ended with this asking
    assert [r.hypervolume for r in read_ledger(tmp_path / "run").rounds] == [1.5, 1.5, 1.5]


def test_a_correction_of_one_of_several_measurements_says_which(four):
    four.tell("1", {"a": 1.0, "b": 1.0})
    four.tell("1", {"a": 3.0}, repeat=True)
    with pytest.raises(CampaignFileError, match=r": which is meant.*1: a 1, b 1; 2: a 3"):
        four.correct("1", {"a": 2.0})
    assert four.correct("1", {"a": 2.0}, measurement=2).values["a"] == 1.5
    assert four.correct("1", {"b": 2.0}).values["b"] == 2.0  # only the first has it


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"b": 1.0}, r"'b' was never told of candidate .*known: a"),
        ({"aa": 1.0}, "did you mean 'a'"),
        ({}, "no property was told"),
    ],
)
def test_what_was_never_told_cannot_be_corrected(four, values, said):
    four.tell("1", {"a": 1.0})
    with pytest.raises(CampaignFileError, match=said):
        four.correct("1", values)
    with pytest.raises(CampaignFileError, match="nothing was ever told of candidate"):
        four.correct("2", {"a": 1.0})


def test_what_is_given_back_frees_its_place_and_may_be_asked_for_again(tmp_path):
    (tmp_path / "pool.csv").write_text("x,y\n0,0\n1,1\n")
    space = {"use": "pool", "file": "pool.csv", "features": ["x", "y"]}
    with begun(tmp_path, space=space, budget={"evaluations": 2, "batch": 2}) as campaign:
        first, second = campaign.ask(2)
        assert campaign.return_(first.id, why="no powder").status == "returned"
        assert len(history_of(campaign.ledger, campaign.problem.space).pending) == 1
        (again,) = campaign.ask(2)
        assert (again.id, again.number) == (first.id, 3)
        campaign.return_(again.id, why="broke")
        barred = campaign.return_(again.id, never=True)  # said a little later
        assert (barred.barred, barred.error) == (True, "broke")
        with pytest.raises(CampaignFileError, match=r"has ended \(returned: broke\)"):
            campaign.return_(again.id, never=True)
        assert campaign.ask(1) == []
        measure(campaign, second)
        assert (campaign.ledger.state, campaign.ledger.reason) == ("done", "the space is used up")
        with pytest.raises(CampaignFileError, match="was given back; a result of it all the same: --add"):
            campaign.tell(first.id, {"a": 1.0})
        with pytest.raises(CampaignFileError, match="has ended"):
            campaign.return_(second.id)


def test_candidates_go_by_number_or_by_the_beginning_of_their_ids(four):
    ids = [o.id for o in four.ledger.outcomes]
    assert [four.find(text).number for text in ("3", "#3", ids[2], ids[2][:8])] == [3, 3, 3, 3]
    with pytest.raises(CampaignFileError, match=f"did you mean '{ids[0]}'"):
        four.find(ids[0][:-1] + "x")
    with pytest.raises(CampaignFileError, match=rf"unknown candidate '99'; open: #1 \({ids[0]}\)"):
        four.find("99")
    for id in ids:
        four.fail(id, "cracked")
    with pytest.raises(CampaignFileError, match="unknown candidate '99'; none is open; the last one proposed was 4"):
        four.find("99")


def test_a_beginning_that_several_share_is_refused(tmp_path):
    with begun(tmp_path, budget={"evaluations": 40, "batch": 40}) as campaign:
        ids = [o.id for o in campaign.ask(40)]
        letter = next(id[0] for id in ids if id[0].isalpha() and sum(other[0] == id[0] for other in ids) > 1)
        with pytest.raises(CampaignFileError, match=f"'{letter}' is the beginning of"):
            campaign.find(letter)


def test_a_result_never_suggested_is_learned_from_and_counts_for_no_budget(four):
    for number in "1234":
        four.tell(number, {"a": 1.0, "b": 1.0})
    outcome = four.add({"x": 0.5, "y": "0.25"}, {"a": 0.5, "b": 0.5}, by="Eva", note="an old sample")
    assert (outcome.number, outcome.round, outcome.origin, outcome.feasible) == (0, 0, "added by Eva", True)
    assert [r.text for r in outcome.remarks] == ["an old sample"]
    assert history_of(four.ledger, four.problem.space).X[0].tolist() == [0.5, 0.25]
    assert four.ledger.hypervolume == 2.25
    assert len(four.ask(6)) == 6  # all that is left of the ten
    assert four.correct(outcome.id, {"a": 0.0}).losses == (0.0, 0.5)


def test_a_failure_never_suggested_is_learned_and_never_asked_for(four):
    lost = four.add({"x": 0.5, "y": 0.25}, {}, by="Eva", failed="cracked", note="left in the drawer")
    assert (lost.number, lost.status, lost.failure, lost.error, lost.barred) == (0, "failed", "error", "cracked", True)
    assert [r.text for r in lost.remarks] == ["failed: cracked", "left in the drawer"]
    shown = history_of(four.ledger, four.problem.space)
    assert (shown.X[0].tolist(), bool(shown.failed[0])) == ([0.5, 0.25], True)
    assert four.add({"x": 0.5, "y": 0.25}, {}, failed="cracked") == lost  # told twice, it counts once
    with pytest.raises(CampaignFileError, match=r"has ended .failed.: it cannot fail any more"):
        four.add({"x": 0.5, "y": 0.25}, {}, failed="melted")
    with pytest.raises(CampaignFileError, match="say why it failed"):
        four.add({"x": 0.5, "y": 0.5}, {}, failed=" ")
    first = four.ledger.outcomes[1]
    assert four.add(first.variables, {}, failed="did not melt").number == 1
    assert four.logbook.record == begin(four.logbook.journal.since())


def test_a_result_of_what_was_suggested_is_that_candidates(four):
    first = four.ledger.outcomes[0]
    assert four.add(first.variables, {"a": 1.0, "b": 1.0}).number == 1
    with pytest.raises(CampaignFileError, match=r"this is candidate .* which has ended .finished.*--repeat"):
        four.add(first.variables, {"a": 3.0, "b": 1.0})
    assert four.add(first.variables, {"a": 3.0}, repeat=True).values["a"] == 2.0


@pytest.mark.parametrize(
    ("variables", "values", "said"),
    [
        ({"x": 0.5, "z": 0.5}, {"a": 1.0}, "unknown variable 'z'.*known: x, y"),
        ({"x": 0.5}, {"a": 1.0}, "no variable 'y'"),
        ({"x": 0.5, "y": "much"}, {"a": 1.0}, "not a finite number"),
        ({"x": 0.5, "y": 0.5}, {"aa": 1.0}, "did you mean 'a'"),
        ({"x": 0.5, "y": 0.5}, {"a_std": 1.0}, "a_std: a standard error needs its value"),
    ],
)
def test_what_makes_no_candidate_is_not_added(four, variables, values, said):
    with pytest.raises(CampaignFileError, match=said):
        four.add(variables, values)


def test_one_candidate_folded_alone_is_what_the_whole_fold_says(four, tmp_path):
    four.tell("1", {"a": 1.0, "b": 2.0}, {"a": 0.1}, by="Eva", note="wet")
    four.tell("1", {"a": 2.0}, repeat=True)
    four.correct("1", {"b": 1.0})
    four.fail("2", "cracked")
    four.return_("3")
    four.tell("4", {"a": 1.0})
    four.ask(3)
    for outcome in four.ledger.outcomes:
        with Campaign.open(tmp_path / "run") as other:
            assert other.find(outcome.id) == outcome
            assert other.logbook._record is None
    with Campaign.open(tmp_path / "run") as other:
        assert other.tell("5", {"a": 1.0, "b": 1.0}).status == "finished"
        assert other.logbook._record is None
        assert other.ledger.outcomes[4].losses == (1.0, 1.0)


def test_a_journal_learns_the_version_of_these_events_with_the_first_of_them(four, tmp_path):
    connection = four.logbook.journal._connection
    connection.execute("PRAGMA user_version=2")
    four.tell("1", {"a": 1.0})
    assert connection.execute("PRAGMA user_version").fetchone() == (2,)
    four.fail("2", "cracked")
    assert connection.execute("PRAGMA user_version").fetchone() == (3,)
    Journal.open(tmp_path / "run").close()


def test_a_correction_that_changes_nothing_is_not_written(four):
    four.tell("1", {"a": 1.0, "b": 2.0}, {"a": 0.1})
    last = four.logbook.journal.last()
    assert four.correct("1", {"a": 1.0}, {"a": 0.1}).remarks == ()
    assert four.logbook.journal.last() == last
    assert four.correct("1", {"a": 1.0}, {"a": 0.2}).errors["a"] == 0.2
    assert "a" not in four.correct("1", {"a": 1.0}).errors


def test_an_unknown_number_names_the_open_ones_by_number_and_id(four):
    first = four.ledger.outcomes[0].id
    with pytest.raises(CampaignFileError, match=rf"'99'; open: #1 \({first}\), #2 .*; the last one proposed was 4"):
        four.tell(99, {"a": 1.0})


def test_what_is_added_outside_the_space_is_learned_from_with_a_warning(four):
    with pytest.warns(
        OutsideSpace,
        match=r"added .*: it lies outside the space and is learned from .* \(x is 1.5, and the space has 0 to 1\)",
    ):
        four.add({"x": 1.5, "y": 0.5}, {"a": 1.0, "b": 1.0})


def test_a_file_is_kept_as_bytes(four):
    with pytest.raises(CampaignFileError, match=r"'scan.txt' is to be kept as bytes, not str; text as bytes"):
        four.attach("1", "scan.txt", "text")


def test_a_campaign_that_nobody_closes_lets_go_of_its_folder(tmp_path):
    campaign = begun(tmp_path)
    del campaign
    gc.collect()
    with Campaign.open(tmp_path / "run") as again:
        assert len(again.ask(1)) == 1
