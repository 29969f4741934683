"""People and programs in one campaign: nobody waits for the other without need."""

import threading

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.telling import suggested
from tests.campaigns.hand.test_asking import begun


def run_until_waiting(campaign):
    kinds = []
    for event in campaign.events():
        kinds.append(event.kind)
        if event.kind == "waiting":
            yield kinds
            kinds = []


def test_a_run_asks_for_more_as_soon_as_one_of_a_batch_was_told(tmp_path):
    with begun(tmp_path, budget={"evaluations": 6, "batch": 3}) as campaign:
        asked = []
        for _ in run_until_waiting(campaign):
            waiting = [o for o in campaign.ledger.outcomes if o.status == "proposed"]
            asked.append(len(waiting))
            with Campaign.open(tmp_path / "run") as other:
                other.tell(waiting[-1].id, {"a": 1.0, "b": 1.0})
            if len(asked) == 3:
                break
        # the second batch, of one, was told whole: what is still open of the first no longer holds back the others
        assert asked == [3, 3, 4]
        assert len(campaign.ledger.outcomes) == 6


def test_six_are_suggested_whatever_the_batch_also_while_a_process_runs(tmp_path):
    with begun(tmp_path, budget={"evaluations": 20, "batch": 2}) as campaign:

        def run():
            for _ in campaign.events():
                pass

        thread = threading.Thread(target=run)
        thread.start()
        try:
            with Campaign.open(tmp_path / "run") as other:
                six, note = suggested(other, 6)
                other.tell("2", {"a": 1.0, "b": 1.0})
                more, _ = suggested(other, 6)
        finally:
            campaign.drain()
            thread.join(timeout=60)
        assert ([o.number for o in six], note) == ([1, 2, 3, 4, 5, 6], "")
        assert [o.number for o in more] == [1, 3, 4, 5, 6, 7]
        assert not thread.is_alive()
        assert campaign.ledger.state == "stopped"


MIXED = [
    {"name": "bench", "use": "person", "properties": ["a"]},
    {"name": "model", "use": "python", "function": "model:only_b", "properties": ["b"]},
]


def mixed(folder, oracles):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.py").write_text("def only_b(v):\n    return {'b': v['x']}\n")
    return begun(folder, oracles=oracles, budget={"evaluations": 2, "batch": 2})


def test_a_program_computes_while_a_person_has_not_answered(tmp_path):
    with mixed(tmp_path, MIXED) as campaign:
        for _ in run_until_waiting(campaign):
            outcomes = campaign.ledger.outcomes
            assert [dict(o.values) for o in outcomes] == [{"b": o.x[0]} for o in outcomes]
            break
        for number in "12":
            assert campaign.tell(number, {"a": 1.0}).status == "finished"
        assert (campaign.ledger.state, campaign.ledger.hypervolume is None) == ("done", False)


def test_a_person_measures_what_a_program_has_not_computed_yet(tmp_path):
    with mixed(tmp_path, MIXED[::-1]) as campaign:
        campaign.ask(2)
        assert [o.number for o in campaign.waiting()] == [1, 2]
        assert campaign.tell("1", {"a": 1.0}).status == "proposed"
        assert [o.number for o in campaign.waiting()] == [2]
        for _ in run_until_waiting(campaign):
            break
        assert [o.status for o in campaign.ledger.outcomes] == ["finished", "proposed"]
