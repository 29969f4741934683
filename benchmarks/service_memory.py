"""This file is the memory a service keeps of each candidate, without HTTP: asked and told by the routes' functions.

Run it: `python benchmarks/service_memory.py [--pairs 3000]`.
"""

import argparse
import gc
import json
import sys
import tempfile
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from eutectic.campaigns.service.access import Access
from eutectic.campaigns.service.bodies import Observation, Wanted
from eutectic.campaigns.service.files import create
from eutectic.campaigns.service.laboratory import observed, taken
from eutectic.campaigns.service.state import Service
from tests.campaigns.service.services import file

HOLDERS = 100


def pair(service: Service, k: int) -> None:
    """One sample handed out, and what came out of it."""
    holder = f"client {k % HOLDERS}"
    sample = taken(service, "load", Wanted(n=1, holder=holder), "operator", holder).suggestions[0]
    with service.shelf.use("load") as held:
        said = Observation(id=sample.id, values={"a": float(sample.number), "b": 1.0})
        observed(held.campaign, said, f"{holder} (operator)", f"{k:032x}")


def main() -> None:
    """Print MB at the start, after each thousand, and kB a candidate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=3000)
    given = parser.parse_args()
    own = psutil.Process()
    with tempfile.TemporaryDirectory() as folder:
        service = Service.of(Path(folder) / "runs", 1, ())
        service.shelf.folder.mkdir()
        budget = {"evaluations": 10 * given.pairs, "batch": 1}
        create(service.shelf, service.child, json.dumps(file("load", budget=budget)), (), Access("operator", "operate"))
        for k in range(50):
            pair(service, k)
        gc.collect()
        start = own.memory_info().rss
        print(f"start: {start >> 20} MB", flush=True)
        for k in range(given.pairs):
            pair(service, k + 50)
            if k % 1000 == 999:
                print(f"{k + 1} pairs: {own.memory_info().rss >> 20} MB", flush=True)
        print(f"{(own.memory_info().rss - start) / 1000 / given.pairs:.1f} kB a candidate")
        service.child.close()
        service.shelf.close()


if __name__ == "__main__":
    main()
