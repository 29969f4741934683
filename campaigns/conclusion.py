"""This file is a whole run and what is left at its end: report, figures, explanation, MLflow."""

import sys
import time
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path

from eutectic.campaigns.analysis.parity import Parities, leave_one_out
from eutectic.campaigns.analysis.status import counts, hypervolume, status_of
from eutectic.campaigns.explain.explain import explain
from eutectic.campaigns.explain.files import FOLDER, write_explanation
from eutectic.campaigns.figures.pictures import write_figures
from eutectic.campaigns.record.outcomes import Event, Ledger
from eutectic.campaigns.report.page import write_report
from eutectic.campaigns.tracking.follower import Tracker

EXPLAINED_S = 120.0
"""Seconds of oracle time from which a campaign is explained at its end without being asked."""


def follow(events: Generator[Event, None, None], folder: Path, read: Callable[[], Ledger], progress: bool) -> Ledger:
    """Go through a campaign's events to the end, tracked, with one line of progress; what is known then.

    What could not be done at the end, such as bringing MLflow up to date, is said on standard error.
    """
    tracker = Tracker(folder)
    try:
        with closing(events):
            for event in events:
                tracker.follow(event)
                if progress and event.kind == "round":
                    _show(read())
        ledger = read()
        if progress and _alive():
            print(file=sys.stderr)  # the line of progress has no end of its own
        for line in written(ledger, folder):
            if progress or not line.startswith(("report", "explanation")):
                print(line, file=sys.stderr)
    finally:
        if left_to_do := tracker.close():
            print(left_to_do, file=sys.stderr)
    return ledger


def written(ledger: Ledger, folder: Path, checks: Parities | None = None) -> list[str]:
    """Write the report, the figures and, of a campaign that took long, the explanation; a sentence for each."""
    checks = checks or leave_one_out(ledger)
    report = write_report(ledger, folder / "report.html", checks)
    write_figures(ledger, folder / "figures", checks)
    lines = [f"report: {report}"]
    if ledger.state != "done" or sum(o.cost_s for o in ledger.outcomes) <= EXPLAINED_S:
        return lines
    try:
        explanation = explain(ledger)
    except ValueError as error:  # the campaign is done all the same
        return [*lines, f"not explained ({error}); try again: campaign explain {folder}"]
    if explanation.properties:
        write_explanation(explanation, folder)
        write_report(ledger, folder / "report.html")
        lines.append(f"explanation: {folder / FOLDER}")
    return lines


def _show(ledger: Ledger) -> None:
    """One line, written over itself where that can be seen."""
    facts = status_of(ledger, time.time())
    line = "  ".join(
        text for text in (f"{ledger.spec.name}: round {facts.round}", counts(facts), hypervolume(facts)) if text
    )
    alive = _alive()
    print(f"\r{line:100}" if alive else line, end="" if alive else "\n", file=sys.stderr, flush=True)


def _alive() -> bool:
    """Is a line seen that is written over itself?"""
    return sys.stderr.isatty() or "ipykernel" in sys.modules
