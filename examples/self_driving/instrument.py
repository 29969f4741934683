"""An instrument that drives itself: it asks a campaign over HTTP what to make, makes it, and tells what came out.

    campaign serve runs                                             # prints the address with a token
    python examples/self_driving/instrument.py ADDRESS --target 85

Where a real one would heat and weigh, this one computes a yield with noise; one sample in twenty cracks.
"""

import argparse
import math
import random
from pathlib import Path

from eutectic.campaigns.client import Client

HERE = Path(__file__).parent
STD = 0.8
"""Standard deviation of a measurement, percent."""


def measured(variables: dict[str, float], rng: random.Random) -> float | None:
    """Yield in percent; None where the sample cracked."""
    if rng.random() < 0.05:
        return None
    heat = math.exp(-(((variables["temperature_k"] - 545) / 90) ** 2))
    patience = 1 - math.exp(-variables["time_min"] / 14)
    push = 0.75 + 0.25 * math.exp(-(((variables["pressure_bar"] - 6.5) / 3) ** 2))
    return min(100.0, max(0.0, 98 * heat * patience * push + rng.gauss(0, STD)))


def drive(client: Client, target: float, holder: str = "reactor_1") -> tuple[int, float]:
    """Ask and tell until the target is met or nothing is left; samples made, and the best yield."""
    client.create(HERE / "campaign.yaml")
    rng, made, best = random.Random(2), 0, 0.0
    while best < target and (samples := client.suggest("self_driving", 1, holder, lease_s=3600)):
        sample = samples[0]
        value = measured(sample["variables"], rng)
        made += 1
        if value is None:
            client.fail("self_driving", sample["id"], "the vessel cracked")
            continue
        client.tell("self_driving", sample["id"], {"yield_percent": value}, {"yield_percent": STD})
        best = max(best, value)
        print(f"#{sample['number']}: {value:.1f} %, best {best:.1f} %", flush=True)
    return made, best


def main() -> None:
    """Drive the campaign of the service at the address given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address", help="As `campaign serve` prints it, the token included.")
    parser.add_argument("--target", type=float, default=85.0, help="Yield at which to stop, percent.")
    given = parser.parse_args()
    made, best = drive(Client(given.address), given.target)
    print(f"{'met' if best >= given.target else 'missed'} {given.target:g} % with {made} samples: {best:.1f} %")


if __name__ == "__main__":
    main()
