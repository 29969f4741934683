"""This file is a process that leads a campaign by hand without pause, to be killed: each line it prints is done.

python -m tests.campaigns.hand.busy_laboratory DIR SEED
"""

import sys

import numpy as np

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.record.steps import OPEN


def step(campaign: Campaign, rng: np.random.Generator) -> str:
    """One thing that somebody may do, and what was done."""
    record = campaign.ledger
    waiting = [o for o in record.outcomes if o.number > 0 and o.status in OPEN]
    some = waiting[rng.integers(len(waiting))] if waiting else None
    kind = rng.choice(["ask", "tell", "tell", "tell", "fail", "return", "add", "budget", "bounds"])
    a, b = (round(float(v), 3) for v in rng.random(2))
    if kind == "ask":
        return f"asked {' '.join(o.id for o in campaign.ask(int(rng.integers(1, 4))))}"
    if kind == "budget":
        campaign.change([f"budget.evaluations={record.spec.budget.evaluations + 3}"])
        return f"budget {record.spec.budget.evaluations + 3}"
    if kind == "bounds":
        high = 1.0 if campaign.problem.space.upper[1] < 1 else 0.75
        campaign.change([f"space.variables.y.high={high}"])
        return f"bounds {high}"
    if kind == "add":
        try:
            return f"added {campaign.add({'x': a, 'y': b}, {'a': a, 'b': b}).number}"
        except CampaignFileError:
            return "added nothing"
    if some is None:
        return "nothing"
    if kind == "tell":
        campaign.tell(f"#{some.number}", {"a": a, "b": b})
        return f"told {some.number} {a} {b}"
    if kind == "fail":
        campaign.fail(f"#{some.number}", "cracked")
        return f"failed {some.number}"
    campaign.return_(f"#{some.number}", never=True)
    return f"returned {some.number}"


def main() -> None:
    """Go on until killed."""
    rng = np.random.default_rng(int(sys.argv[2]))
    with Campaign.open(sys.argv[1]) as campaign:
        print("ready", flush=True)
        while True:
            print(step(campaign, rng), flush=True)


if __name__ == "__main__":
    main()
