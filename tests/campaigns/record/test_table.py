"""Claims about outcomes as columns: copies share them until one of both would change what the other has."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.telling import CONTENT
from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.record.fold import Record
from eutectic.campaigns.record.table import columns_of
from eutectic.campaigns.record.volume import Front, nondominated


@pytest.fixture
def record(tmp_path: Path) -> Record:
    """Of a campaign with six told candidates and two that wait."""
    file = tmp_path / "telling.yaml"
    file.write_text(json.dumps(CONTENT))
    with Campaign.from_yaml(file, tmp_path / "run") as campaign:
        for k, outcome in enumerate(campaign.ask(8)[:6]):
            campaign.tell(outcome.id, {"a": float(k), "b": float(-k)})
        return campaign.logbook.record


def in_step(record: Record) -> bool:
    """Do a record's columns say what its outcomes do?"""
    anew = columns_of(record.spec, record.outcomes.arrived())
    return all(
        np.array_equal(getattr(record.columns, name), getattr(anew, name), equal_nan=name in ("losses", "x"))
        for name in ("number", "status", "losses", "x", "feasible")
    )


def test_what_a_copy_adds_or_changes_the_record_does_not_see_and_the_other_way_round(record: Record) -> None:
    before = record.columns.copy()
    copy = record.copy()
    more = replace(copy.outcomes[8], number=9)
    copy.outcomes[9] = more
    assert in_step(copy)
    assert len(record.columns.number) == 8
    record.outcomes[9] = replace(more, status="failed", finished_at=1.0)
    assert in_step(record)
    assert in_step(copy)
    copy.outcomes[1] = replace(copy.outcomes[1], status="returned")
    assert in_step(copy)
    assert in_step(record)
    assert np.array_equal(record.columns.status[:8], before.status)
    second = record.copy()
    record.outcomes[2] = replace(record.outcomes[2], status="returned")
    assert in_step(second)
    assert in_step(record)
    assert 2 in second.outcomes
    assert [*second.outcomes] == [1, 2, 3, 4, 5, 6, 7, 8, 9]


def test_what_is_handed_to_optimizers_cannot_be_written_to(record: Record) -> None:
    with pytest.raises(ValueError, match="read-only"):
        record.ledger("", lasting=False).columns.x[0] = 0.0  # type: ignore[union-attr]


def test_the_front_of_growing_losses_is_that_of_all_of_them_also_after_one_was_put_right() -> None:
    rng, front = np.random.default_rng(0), Front()
    losses = rng.normal(size=(60, 2))
    for n in (0, 1, 30, 30, 60):
        assert sorted(map(tuple, front.of(losses[:n]))) == sorted(map(tuple, losses[:n][nondominated(losses[:n])]))
    losses[np.flatnonzero(nondominated(losses))[0]] = 5.0
    for n in (60, 10):
        assert sorted(map(tuple, front.of(losses[:n]))) == sorted(map(tuple, losses[:n][nondominated(losses[:n])]))
