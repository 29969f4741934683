"""The forecast, the status and the displays of a run."""

import io
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.console import Console

from eutectic.campaigns.analysis import forecast
from eutectic.campaigns.analysis.status import hypervolume, status_json, status_lines, status_of
from eutectic.campaigns.commands import progress
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.record.outcomes import Batch, Event, Ledger, Outcome, Round
from eutectic.optimizers.base import Reason
from eutectic.oracles.base import Evaluation

CONTENT: dict[str, object] = {
    "name": "trial",
    "space": {"use": "parameters", "variables": {"x": [0, 1]}},
    "objectives": {"bulk_modulus_gpa": "maximize", "price_usd_per_kg": "minimize"},
    "oracles": [{"name": "slow", "use": "python", "function": "m:f"}],
    "optimizers": [{"use": "sobol", "evaluations": 8}, {"use": "bayesian"}],
    "budget": {"evaluations": 24, "batch": 4},
    "executor": {"workers": 2},
}


def outcome(number: int, status: str, batch: int, at: float, cost_s: float = 10.0) -> Outcome:
    ended = status in ("finished", "failed", "refused")
    values = {"bulk_modulus_gpa": 100.0 + number, "price_usd_per_kg": 20.0 - number} if status == "finished" else {}
    return Outcome(
        number=number,
        id=f"{number:016x}",
        round=batch,
        status=status,  # type: ignore[arg-type]
        x=(0.1,),
        variables={"x": 0.1},
        composition=None,
        values=values,
        errors={"bulk_modulus_gpa": 0.8} if values else {},
        losses=(-values["bulk_modulus_gpa"], values["price_usd_per_kg"]) if values else (float("nan"),) * 2,
        excess=(),
        feasible=bool(values),
        reason=Reason("sobol"),
        origin="sobol",
        evaluations=(Evaluation(f"{number:016x}", "slow", cost_s=cost_s),) if ended else (),
        cost_s=cost_s if ended else 0.0,
        proposed_at=at,
        finished_at=at + cost_s if ended else None,
    )


def ledger(batches: int, pace_s: float, ask_s: float = 2.0, **changes: object) -> Ledger:
    """A campaign whose first `batches` batches of four have ended, `pace_s` wall seconds an evaluation."""
    content = {**CONTENT, **changes}
    asked = [
        Batch(k, 0 if k < 2 else 1, "sobol" if k < 2 else "bayesian", 4 * pace_s * k, ask_s) for k in range(batches)
    ]
    outcomes = [outcome(4 * b.index + i + 1, "finished", b.index, b.asked_at) for b in asked for i in range(4)]
    rounds = tuple(Round(b.index, tuple(outcomes[4 * b.index : 4 * b.index + 4]), 10.0 + b.index) for b in asked)
    spec = CampaignSpec.from_content(content)
    return Ledger(spec, "runs/trial", "running", tuple(outcomes), tuple(asked), rounds, None, {}, 0.5)


def test_nothing_is_forecast_before_anything_is_measured() -> None:
    assert forecast.time_left_s(ledger(0, 5.0), now=0.0) is None


def test_first_forecast_counts_evaluations_over_workers_and_an_assumed_asking() -> None:
    # 20 evaluations left: 10 s on 2 workers each; sobol asked once in 2 s, bayesian is assumed to take as long.
    assert forecast.time_left_s(ledger(1, 5.0), now=20.0) == pytest.approx(20 * (10 / 2 + 2 / 4))


def test_a_steady_campaign_is_forecast_at_its_measured_pace() -> None:
    assert forecast.time_left_s(ledger(5, 7.0), now=140.0) == pytest.approx(4 * 7.0)


def test_a_night_between_two_sessions_does_not_change_the_pace() -> None:
    steady = ledger(6, 7.0)
    paused = [
        Batch(b.index, b.stage, b.optimizer, b.asked_at + 30_000 * (b.index >= 4), b.ask_s) for b in steady.batches
    ]
    spec = CampaignSpec.from_content({**CONTENT, "budget": {"evaluations": 32, "batch": 4}})
    resumed = Ledger(spec, "", "running", steady.outcomes, tuple(paused), steady.rounds, None, {})
    assert forecast.time_left_s(resumed, now=30_168.0) == pytest.approx(8 * 7.0)


def test_running_evaluations_count_for_what_they_have_left() -> None:
    steady = ledger(5, 7.0)
    running = tuple(outcome(21 + i, "running", 5, 140.0) for i in range(4))
    partly = Ledger(steady.spec, "", "running", (*steady.outcomes, *running), steady.batches, steady.rounds, None, {})
    assert forecast.time_left_s(partly, now=146.0) == pytest.approx(4 * (10 - 6) / 2)


@pytest.mark.parametrize(
    ("budget", "expected_s"),
    [
        ({"evaluations": 24, "hours": 0.01}, 36.0 - 18.0),
        ({"hours": 0.01}, 36.0 - 18.0),
        ({"cost": 210.0, "batch": 4}, 7.0),
    ],
)
def test_hours_and_cost_end_a_campaign_too(budget: dict[str, object], expected_s: float) -> None:
    steady = ledger(5, 7.0, budget=budget)
    spent = Ledger(steady.spec, "", "running", steady.outcomes, steady.batches, steady.rounds, None, {}, hours=0.005)
    assert forecast.time_left_s(spent, now=140.0) == pytest.approx(expected_s)


def test_standing_counts_and_finds_the_best_feasible_values() -> None:
    base = ledger(2, 5.0)
    lost = (outcome(9, "failed", 2, 40.0), outcome(10, "refused", 2, 40.0), outcome(11, "running", 2, 40.0))
    facts = status_of(
        Ledger(base.spec, "", "running", (*base.outcomes, *lost), base.batches, base.rounds, None, {}), 45.0
    )
    assert (facts.done, facts.failed, facts.refused, facts.running, facts.budget) == (8, 1, 1, 1, 24)
    assert facts.best == (("bulk_modulus_gpa", 108.0, 0.8), ("price_usd_per_kg", 12.0, None))
    assert facts.gain == pytest.approx(0.1)


def test_status_json_has_the_promised_keys() -> None:
    content = status_json(ledger(2, 5.0), 40.0)
    assert content["state"] == "running"
    assert content["evaluations"] == {"done": 8, "failed": 0, "running": 0, "waiting": 0, "refused": 0, "budget": 24}
    assert content["round"] == 2
    assert content["hypervolume"] == 11.0
    assert content["best"] == {"bulk_modulus_gpa": 108.0, "price_usd_per_kg": 12.0}
    assert content["cost_s"] == {"slow": 80.0}
    assert content["timing"] == {"ask_s": [2.0, 2.0], "overhead_s": 0.5}


def test_status_lines_carry_units() -> None:
    text = "\n".join(status_lines(ledger(2, 5.0), 40.0))
    assert "Bulk modulus 108.0 ± 0.8 GPa" in text
    assert "USD/kg" in text


def follow_two_rounds(shown: progress.Display, reads: Callable[[], Ledger]) -> None:
    with shown:
        shown.follow(Event("started", 5), reads)
        shown.follow(Event("failed", 5, "the cell fell apart"), reads)
        shown.follow(Event("round"), reads)


def test_plain_progress_is_a_line_a_round_and_a_line_a_failure() -> None:
    stream = io.StringIO()
    follow_two_rounds(progress.display("trial", quiet=False, stream=stream), lambda: ledger(2, 5.0))
    lines = stream.getvalue().splitlines()
    assert lines[0] == "candidate 5 failed: the cell fell apart"
    assert lines[1].startswith("round 2: 8/24 done; hypervolume 11 (+10.0 %); best Bulk modulus 108.0 ± 0.8 GPa")
    assert "left" in lines[1]
    assert len(lines) == 2


def test_quiet_progress_says_nothing_of_its_own() -> None:
    stream = io.StringIO()
    follow_two_rounds(progress.display("trial", quiet=True, stream=stream), lambda: ledger(2, 5.0))
    assert stream.getvalue() == ""


def test_live_progress_ends_with_the_latest_standing() -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=120, color_system=None)
    seen = [ledger(1, 5.0), ledger(2, 5.0)]
    shown = progress.LiveDisplay("trial", console)
    with shown:
        shown.follow(Event("started", 5), lambda: seen[0])
        shown.follow(Event("finished", 5), lambda: seen[1])
    assert "8/24 done" in stream.getvalue()
    assert "Bulk modulus 108.0 ± 0.8 GPa" in stream.getvalue()


def test_an_overrun_forecast_is_not_shown() -> None:
    facts = status_of(ledger(5, 7.0), 140.0)

    def times(age_s: float) -> str:
        return str(progress.picture("trial", facts, elapsed_s=150.0, age_s=age_s)[1])

    assert times(8.0) == "2.5 min so far, about 20 s left"
    assert "left" not in times(30.0)


def test_live_progress_reads_the_ledger_rarely_while_events_come_fast() -> None:
    reads = []
    console = Console(file=io.StringIO(), force_terminal=True, width=100)

    def read() -> Ledger:
        reads.append(1)
        return ledger(1, 5.0)

    with progress.LiveDisplay("trial", console) as shown:
        for number in range(1000):
            shown.follow(Event("finished", number), read)
    assert len(reads) < 20


def test_growth_beyond_tenfold_is_said_as_a_multiple() -> None:
    facts = replace(status_of(ledger(2, 60.0), 0.0), hypervolume=3367.0, gain=1330.0)
    assert hypervolume(facts) == "3367 (1331 times)"
    assert hypervolume(replace(facts, gain=0.031)) == "3367 (+3.1 %)"
