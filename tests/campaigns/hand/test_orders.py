"""Everything a campaign led by hand can meet, in random orders: the record, however it was folded, says the same."""

import tempfile
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.hand.adding import OutsideSpace
from eutectic.campaigns.record.columns import NAMES
from eutectic.campaigns.record.fold import begin
from eutectic.campaigns.record.steps import OPEN
from eutectic.campaigns.record.table import columns_of
from tests.campaigns.hand.test_asking import PERSON, REFERENCE
from tests.campaigns.trial_campaigns import write

NUMBERS = st.floats(-1, 1).map(lambda v: round(v, 2))
SPACE = {"use": "parameters", "variables": {"x": {"low": 0, "high": 1, "step": 0.25}, "y": {"low": 0, "high": 1}}}


class Laboratory(RuleBasedStateMachine):
    """One campaign; another process that looks on; and a person with both hands full."""

    def __init__(self):
        super().__init__()
        self.place = tempfile.TemporaryDirectory()
        home = Path(self.place.name)
        path = write(
            home, oracles=PERSON, objectives=REFERENCE, space=SPACE, budget={"evaluations": 8, "batch": 2},
            optimizers=[{"use": "sobol", "evaluations": 3}, {"use": "random"}],
        )  # fmt: skip
        self.campaign = Campaign.from_yaml(path, home / "run")
        self.home, self.given_back = home / "run", set()

    def teardown(self):
        self.campaign.close()
        self.place.cleanup()

    @property
    def record(self):
        self.campaign.logbook.fold()
        return self.campaign.logbook.record

    def some(self, data, statuses):
        own = [o for o in self.record.outcomes.values() if o.status in statuses and (o.number > 0 or o.measurements)]
        return data.draw(st.sampled_from(own)) if own else None

    def put_in(self, x, y, values, failed=""):
        """What was never suggested; a word is said of it where changed bounds leave it outside, and of nothing else."""
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always", OutsideSpace)
            outcome = self.campaign.add({"x": x, "y": y}, values, failed=failed)
        outside = outcome.number <= 0 and y > self.campaign.problem.space.upper[1]
        assert [word.category for word in said] == [OutsideSpace] * int(outside)
        return outcome

    @rule(n=st.integers(1, 3))
    def suggest(self, n):
        before = self.record.proposed
        self.campaign.ask(n)
        budget = self.campaign.problem.spec.budget.evaluations
        assert self.record.proposed <= max(budget, before)

    @rule(data=st.data(), a=NUMBERS, b=st.none() | NUMBERS, other=st.booleans())
    def tell(self, data, a, b, other):
        outcome = self.some(data, OPEN)
        if outcome is not None and not outcome.values:
            values = {"a": a} if b is None else {"a": a, "b": b}
            if other:
                with Campaign.open(self.home) as process:
                    process.tell(outcome.id, values, by="another")
            else:
                self.campaign.tell(f"#{outcome.number}", values)

    @rule(data=st.data(), a=NUMBERS)
    def repeat(self, data, a):
        outcome = self.some(data, ("finished",))
        if outcome is not None:
            self.campaign.tell(outcome.id, {"a": a}, repeat=True)

    @rule(data=st.data(), infrastructure=st.booleans())
    def fail(self, data, infrastructure):
        outcome = self.some(data, OPEN)
        if outcome is not None:
            self.campaign.fail(outcome.id, "cracked", infrastructure)

    @rule(
        x=st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]),
        y=st.floats(0, 1).map(lambda v: round(v, 2)),
        a=NUMBERS,
        b=NUMBERS,
    )
    def add(self, x, y, a, b):
        known = self.campaign.same({"x": x, "y": y})
        if known is None or (known.status in OPEN and not known.values):
            self.put_in(x, y, {"a": a, "b": b})
        elif known.status not in OPEN:
            with pytest.raises(CampaignFileError, match=r"has ended .*another measurement of it: --repeat"):
                self.campaign.add({"x": x, "y": y}, {"a": a, "b": b})

    @rule(x=st.sampled_from([0.0, 0.5, 1.0]), y=st.floats(0, 1).map(lambda v: round(v, 2)))
    def add_a_failure(self, x, y):
        before = self.campaign.same({"x": x, "y": y})
        if before is None or before.status in OPEN or (before.status, before.error) == ("failed", "melted"):
            after = self.put_in(x, y, {}, failed="melted")
            assert (after.status, after.error, after.barred) == ("failed", "melted", True)
        else:
            with pytest.raises(CampaignFileError, match="it cannot fail any more"):
                self.campaign.add({"x": x, "y": y}, {}, failed="melted")

    @rule(data=st.data(), a=NUMBERS)
    def correct(self, data, a):
        outcome = self.some(data, ("finished", "proposed"))
        if outcome is not None:
            own = [k for k, m in enumerate(outcome.measurements) if "a" in m.values]
            if own:
                self.campaign.correct(outcome.id, {"a": a}, measurement=own[-1] + 1)
            else:
                with pytest.raises(CampaignFileError, match="ever told"):
                    self.campaign.correct(outcome.id, {"a": a})

    @rule(data=st.data(), never=st.booleans())
    def give_back(self, data, never):
        outcome = self.some(data, OPEN)
        if outcome is not None:
            self.campaign.return_(outcome.id, never)
            if not never:
                self.given_back.add(outcome.id)

    @rule(budget=st.integers(6, 12))
    def change_the_budget(self, budget):
        if budget != self.campaign.problem.spec.budget.evaluations:
            self.campaign.change([f"budget.evaluations={budget}"])

    @rule(high=st.sampled_from([0.5, 0.75, 1.0]))
    def change_the_bounds(self, high):
        if high != self.campaign.problem.space.upper[1]:
            self.campaign.change([f"space.variables.y.high={high}"])

    @rule(sense=st.sampled_from(["minimize", "maximize"]))
    def change_an_objective(self, sense):
        if sense != self.campaign.problem.spec.goals[1].kind:
            self.campaign.change([f"objectives.b={sense}"])

    @rule(events=st.integers(1, 3))
    def run_a_little(self, events):
        """Until the campaign waits for somebody, or is put down after a few events."""
        stream = self.campaign.events()
        for _, event in zip(range(events), stream, strict=False):
            if event.kind == "waiting":
                break
        stream.close()

    @rule()
    def be_killed_and_resume(self):
        """Whoever held the campaign is gone without a word; another takes it up."""
        self.campaign.close()
        self.campaign = Campaign.open(self.home)

    @invariant()
    def the_record_is_what_the_journal_says_from_the_start(self):
        record, whole = self.record, begin(self.campaign.logbook.journal.since())
        if record.state != whole.state:  # a reader takes what nobody runs for stopped
            whole.rest(record.state)
        assert record == whole

    @invariant()
    def the_columns_kept_in_step_are_those_of_the_outcomes(self):
        record = self.record
        kept, anew = record.outcomes.settled(record.spec), columns_of(record.spec, record.outcomes.both()[0])
        for name in NAMES:
            np.testing.assert_array_equal(getattr(kept, name), getattr(anew, name), strict=True, err_msg=name)
        assert [*kept.number] == sorted(record.outcomes)

    @invariant()
    def no_sample_is_asked_for_twice(self):
        asked = [o.id for o in self.record.outcomes.values() if o.number > 0]
        twice = {id for id in asked if asked.count(id) > 1}
        assert twice <= self.given_back

    @precondition(lambda self: any(o.number > 0 for o in self.record.outcomes.values()))
    @rule(data=st.data())
    def one_is_found_alone(self, data):
        outcome = data.draw(st.sampled_from([o for o in self.record.outcomes.values() if o.number > 0]))
        with Campaign.open(self.home) as process:
            assert process.find(f"#{outcome.number}") == outcome


def orders(count):
    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    rules = settings(
        max_examples=count,
        stateful_step_count=25,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=checks,
    )
    run_state_machine_as_test(Laboratory, settings=rules)


def test_twenty_orders_of_everything_by_hand():
    orders(20)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_two_hundred_orders_of_everything_by_hand():
    orders(200)
