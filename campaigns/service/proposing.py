"""This file is the child process that does what takes long or much memory: it proposes, explains, writes reports.

It reads a request a line from its standard input and answers with a line of JSON; it ends when the input does, so
that it never outlives the service. What it writes down it writes as a terminal's `campaign suggest` would.
"""

import json
import sys
import traceback
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import asdict
from pathlib import Path
from typing import Any

from eutectic.campaigns.analysis.parity import leave_one_out
from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.errors import CampaignFileError, CampaignFolderError
from eutectic.campaigns.explain.explain import explain
from eutectic.campaigns.explain.files import write_explanation
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.loop import dry_run
from eutectic.campaigns.problem import build
from eutectic.campaigns.report.page import write_report
from eutectic.campaigns.sharing import changes
from eutectic.oracles.base import EngineMissing

MOST_OPEN = 8
"""Campaigns whose record is kept in memory."""
Request = Mapping[str, Any]


class Campaigns:
    """The campaigns asked for last."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, tuple[Campaign, int]] = OrderedDict()

    def get(self, folder: str) -> Campaign:
        """A campaign, opened anew when its sections were changed."""
        known = self._open.pop(folder, None)
        if known is not None and changes(known[0]) != known[1]:
            known[0].close()
            known = None
        if known is None:
            campaign = Campaign.open(folder)
            known = campaign, len(campaign.logbook.bare().changes)
        self._open[folder] = known
        if len(self._open) > MOST_OPEN:
            self._open.popitem(last=False)[1][0].close()
        return known[0]


def ask(campaigns: Campaigns, request: Request) -> object:
    """Propose and write down; how many."""
    campaign = campaigns.get(request["folder"])
    return len(campaign.ask(request["n"], request.get("context"), request.get("by", ""), request.get("holder", "")))


def begin(campaigns: Campaigns, request: Request) -> object:
    """Begin a campaign of the file in its folder."""
    del campaigns
    home = Path(request["folder"])
    path = home / "campaign.yaml"
    Campaign.from_yaml(path, home, source=Path(request["source"]), by=request.get("by", "")).close()
    return None


def report(campaigns: Campaigns, request: Request) -> object:
    """Write the report."""
    ledger = campaigns.get(request["folder"]).ledger
    return str(write_report(ledger, Path(request["folder"]) / "report.html", leave_one_out(ledger)))


def explanation(campaigns: Campaigns, request: Request) -> object:
    """Explain, and write that down."""
    ledger = campaigns.get(request["folder"]).ledger
    found = explain(ledger)
    if found.properties:
        write_explanation(found, Path(request["folder"]))
    return len(found.properties)


def rehearsal(campaigns: Campaigns, request: Request) -> object:
    """What `campaign run FILE --dry-run` prints."""
    del campaigns
    spec = CampaignSpec.from_file(request["file"])
    found = dry_run.check_and_forecast(build.build(spec, request["source"], engines=False))
    return {"ok": found.ok, "lines": found.lines()}


VERBS: Mapping[str, Callable[[Campaigns, Request], object]] = {
    "ask": ask,
    "begin": begin,
    "report": report,
    "explain": explanation,
    "dry_run": rehearsal,
}


def answered(campaigns: Campaigns, request: Request) -> dict[str, object]:
    """The answer to a request: `result`, or what was wrong with it."""
    try:
        return {"result": VERBS[request["do"]](campaigns, request)}
    except CampaignFileError as error:
        return {"complaints": [asdict(complaint) for complaint in error.complaints]}
    except CampaignFolderError as error:
        return {"folder": str(error)}
    except EngineMissing as error:
        return {"engine": str(error)}
    except ValueError as error:
        return {"refused": str(error)}
    except Exception:  # a mistake of ours, or of a plug-in: it costs this request alone
        return {"broken": traceback.format_exc()}


def main() -> None:
    """Answer until nobody asks any more; whatever prints meanwhile prints to standard error."""
    campaigns, output = Campaigns(), sys.stdout
    with redirect_stdout(sys.stderr):
        for line in sys.stdin:
            print(json.dumps(answered(campaigns, json.loads(line))), file=output, flush=True)


if __name__ == "__main__":
    main()
