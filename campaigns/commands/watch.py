"""This file is a run seen from the terminal: progress, tracking, Ctrl-C, and the results at the end."""

import signal
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType

from eutectic.campaigns.analysis.pareto import front
from eutectic.campaigns.analysis.parity import leave_one_out
from eutectic.campaigns.analysis.summary import findings
from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.commands.printing import opening, pareto_table
from eutectic.campaigns.commands.progress import Display, display
from eutectic.campaigns.conclusion import written
from eutectic.campaigns.loop.prior_data import outside_space
from eutectic.campaigns.record.outcomes import Ledger
from eutectic.campaigns.tracking.follower import Tracker
from eutectic.campaigns.tracking.position import Positions

INTERRUPTED = 130
"""Exit code of a run that was told to stop; what it recorded is kept."""
EXIT_CODES = {"done": 0, "failed": 1}
"""State at the end -> exit code; INTERRUPTED for the others."""


def watch(campaign: Campaign, quiet: bool, heard: int | None = None) -> int:
    """Run a campaign to its end and print what it found; the exit code. heard: as `Campaign.events` has it."""
    tracker = Tracker(campaign.folder)
    try:
        with display(campaign.ledger.spec.name, quiet) as shown:
            if not quiet:
                shown.say(opening(campaign.problem))
                if note := outside_space(campaign.problem, campaign.ledger.outcomes):
                    shown.say(note)
            ledger = follow(campaign, shown, tracker, heard)
        conclude(ledger, campaign.folder)
    finally:
        campaign.close()
        left_to_do = tracker.close()
    print_tracked(campaign.folder, left_to_do)
    return exit_code(ledger)


def exit_code(ledger: Ledger) -> int:
    """0 when done, 1 when it failed or not one of its evaluations gave values, INTERRUPTED otherwise."""
    fruitless = any(o.number > 0 for o in ledger.outcomes) and not ledger.finished
    return 1 if ledger.state == "done" and fruitless else EXIT_CODES.get(ledger.state, INTERRUPTED)


def follow(campaign: Campaign, shown: Display, tracker: Tracker, heard: int | None = None) -> Ledger:
    """Run the campaign while showing and tracking it; what it knows at the end."""
    try:  # closed wherever Ctrl-C strikes, so that the way out is written down
        with drained_by_ctrl_c(campaign, shown), closing(campaign.events(heard)) as events:
            for event in events:
                shown.follow(event, lambda: campaign.ledger)
                tracker.follow(event)
    except KeyboardInterrupt:
        shown.say("killed what was running; everything recorded is kept")
    return campaign.ledger


@contextmanager
def drained_by_ctrl_c(campaign: Campaign, shown: Display) -> Iterator[None]:
    """The first Ctrl-C (or SIGTERM) lets what runs finish and asks for no more; the second raises KeyboardInterrupt."""

    def first(_number: int, _frame: FrameType | None) -> None:
        for each in before:
            signal.signal(each, signal.default_int_handler)
        campaign.drain()
        shown.say("finishing what is being evaluated and asking for no more; Ctrl-C again kills it")

    before = {number: signal.signal(number, first) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def conclude(ledger: Ledger, folder: Path) -> None:
    """Write the report and the figures; print the front, what was found, where the report is and how to go on."""
    best, checks = front(ledger), leave_one_out(ledger)
    lines = written(ledger, folder, checks)
    print(pareto_table(ledger, best))
    print("\n" + " ".join(text for text in findings(ledger, best) if text))
    for line in lines:
        print(line, file=sys.stderr if line.startswith("not explained") else sys.stdout, flush=True)
    if ledger.state != "done":
        print(f"to go on: campaign resume {folder}", file=sys.stderr)


def print_tracked(folder: Path, left_to_do: str) -> None:
    """Where the campaign's MLflow run is, or what keeps it from being up to date."""
    tracked = Positions.read(folder)
    if left_to_do:
        print(left_to_do, file=sys.stderr)
    elif tracked.uri in tracked.stores:
        run = tracked.stores[tracked.uri].run
        print(f"MLflow: run {run} in {tracked.uri}; see it: campaign ui {folder}", flush=True)
