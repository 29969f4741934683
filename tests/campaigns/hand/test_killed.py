"""A process that suggests, tells and changes is killed at any instant: nothing is lost, nothing is half."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.record.fold import begin
from tests.campaigns.hand.test_asking import begun

ROOT = Path(__file__).parents[3]


def killed(home, seed, steps, patience_s):
    """What a busy process said it did before it was killed, so many seconds after so many steps."""
    words = [sys.executable, "-m", "tests.campaigns.hand.busy_laboratory", str(home), str(seed)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout.readline() == "ready\n"
        lines = [process.stdout.readline() for _ in range(steps)]
        time.sleep(patience_s)
        process.kill()
        lines += process.stdout.read().splitlines(keepends=True)
    assert process.returncode == -9
    return [line.split() for line in lines if line.endswith("\n")]  # the last may be cut off


def require_done(record, words):
    """What one line says is in the record."""
    kind, *rest = words
    if kind == "asked":
        assert set(rest) <= set(record.by_id)
    elif kind == "told":
        outcome = record.outcomes[int(rest[0])]
        assert outcome.status == "finished"
        assert outcome.values == {"a": float(rest[1]), "b": float(rest[2])}
    elif kind in ("failed", "returned"):
        assert record.outcomes[int(rest[0])].status == kind
    elif kind == "added" and rest != ["nothing"]:
        assert record.outcomes[int(rest[0])].status == "finished"


def kill_again_and_again(folder, kills):
    rng = np.random.default_rng(kills)
    begun(folder, budget={"evaluations": 10, "batch": 2}).close()
    home, done = folder / "run", []
    with Campaign.open(home) as onlooker:
        for k in range(kills):
            said = killed(home, k, int(rng.integers(1, 16)), float(rng.uniform(0.0, 0.05)))
            onlooker.logbook.fold()
            record, whole = onlooker.logbook.record, begin(onlooker.logbook.journal.since())
            if record.state != whole.state:  # a reader takes what nobody runs for stopped
                whole.rest(record.state)
            assert record == whole
            for words in said:
                require_done(record, words)
            budgets = [int(words[1]) for words in said if words[0] == "budget"]
            assert record.spec.budget.evaluations >= max(budgets, default=0)
            assert record.proposed <= record.spec.budget.evaluations
            asked = [o.id for o in record.outcomes.values() if o.number > 0]
            assert len(set(asked)) == len(asked)
            assert [o.number for o in record.outcomes.values() if o.number > 0] == list(range(1, len(asked) + 1))
            done += said
    return done


def test_a_campaign_by_hand_survives_being_killed_in_the_middle_of_anything(tmp_path):
    done = kill_again_and_again(tmp_path, 3)
    assert {words[0] for words in done} >= {"asked", "told"}


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_forty_kills_in_the_middle_of_anything_by_hand(tmp_path):
    kinds = {words[0] for words in kill_again_and_again(tmp_path, 40)}
    assert kinds >= {"asked", "told", "failed", "returned", "added", "budget", "bounds"}
