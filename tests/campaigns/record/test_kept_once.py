"""What many candidates have alike is in memory once; what is one candidate's own is nobody else's."""

import json

from eutectic.campaigns.record.kept_once import named, reason_of
from eutectic.optimizers.base import Reason
from tests.campaigns.record.test_fold import RecordBuilder


def fresh(content: object) -> object:
    """The same as it comes from the journal: every text and number an object of its own."""
    return json.loads(json.dumps(content))


def test_names_and_words_are_one_object_however_often_they_are_read() -> None:
    one, other = (named(fresh({"hold_time_h": 2.0, "quench_medium": "salt water"})) for _ in range(2))
    assert one == {"hold_time_h": 2.0, "quench_medium": "salt water"}
    assert [id(name) for name in one] == [id(name) for name in other]
    assert one["quench_medium"] is other["quench_medium"]
    assert one is not other


def test_a_reason_that_names_its_proposer_alone_is_one_and_what_says_more_is_itself() -> None:
    bare = {"proposer": "latin hypercube", "acquisition": None, "mean": None, "std": None, "feasibility": None}
    assert reason_of(fresh(bare)) == Reason("latin hypercube")
    assert reason_of(fresh(bare)) is reason_of(fresh({"proposer": "latin hypercube"}))
    more = reason_of(fresh({**bare, "acquisition": 0.0, "mean": [1.0, 2.0]}))
    assert more == Reason("latin hypercube", 0.0, (1.0, 2.0))


def test_a_telling_is_kept_with_its_candidate_once_and_no_candidate_has_anothers_values() -> None:
    record = RecordBuilder()
    record.session()
    record.ask(1, 2)
    for number in (1, 2):
        body = {
            "oracle": "bench 3",
            "values": {"a": 1.0, "b": 2.0, "c": 0.5},
            "errors": {},
            "by": "Ann",
            "key": f"k{number}",
        }
        record.say("told", fresh(body), number)
        record.settle(number)
    one, two = record.record.outcomes[1], record.record.outcomes[2]
    telling = record.record.tellings["k1"]
    assert telling.says({"a": 1.0, "b": 2.0, "c": 0.5}, {})
    assert telling.values is one.values is one.measurements[0].values is one.evaluations[0].values
    assert one.measurements[0].by is two.measurements[0].by
    assert one.evaluations[0].oracle is two.evaluations[0].oracle
    assert one.variables is record.record.candidates[1].variables
    mappings = [{id(o.values), id(o.errors), id(o.evaluations[0].provenance), id(o.variables)} for o in (one, two)]
    assert not mappings[0] & mappings[1]
