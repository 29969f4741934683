"""This file is a run seen from the terminal: progress, tracking, Ctrl-C, and the results at the end."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from campaigns.progress import Display, display
from campaigns.records import Ledger

if TYPE_CHECKING:
    from campaigns.campaign import Campaign

INTERRUPTED = 130
"""Exit code of a run that was told to stop; what it recorded is kept."""
EXIT_CODES = {"done": 0, "failed": 1}
"""State at the end -> exit code; INTERRUPTED for the others."""


def watch(campaign: "Campaign", quiet: bool) -> int:
    """Run a campaign to its end and print what it found; the exit code."""
    from campaigns.tracking import Tracker

    folder = Path(campaign.folder)
    tracker = Tracker(folder)
    with display(campaign.ledger.spec.name, quiet) as shown:
        try:
            with drained_by_ctrl_c(campaign, shown):
                for event in campaign.events():
                    shown.follow(event, lambda: campaign.ledger)
                    tracker.follow(event)
        except KeyboardInterrupt:
            shown.say("killed what was running; everything recorded is kept")
        finally:
            campaign.close()
    ledger = campaign.ledger
    conclude(ledger, folder)
    tracker.close()
    return EXIT_CODES.get(ledger.state, INTERRUPTED)


@contextmanager
def drained_by_ctrl_c(campaign: "Campaign", shown: Display) -> Iterator[None]:
    """The first Ctrl-C (or SIGTERM) lets what runs finish and asks for no more; the second raises KeyboardInterrupt."""

    def first(number: int, frame: FrameType | None) -> None:
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
    """Write the report and the figures, and print the front, the report's path and how to go on."""
    from campaigns.figures import write_figures
    from campaigns.pareto import front
    from campaigns.printing import pareto_table
    from campaigns.report import write_report
    from campaigns.story import findings

    best = front(ledger)
    report = write_report(ledger, folder / "report.html")
    write_figures(ledger, folder / "figures")
    print(pareto_table(ledger, best))
    print("\n" + " ".join(text for text in findings(ledger, best) if text))
    print(f"report: {report}")
    sys.stdout.flush()
