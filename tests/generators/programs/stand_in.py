"""A stand-in for somebody's generator: `python stand_in.py MODE OUTPUT N SEED`."""

import sys
import time
from pathlib import Path

mode, output, n, seed = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
output.mkdir(parents=True, exist_ok=True)


def frame(k):
    edge = 4.0 + (seed + k) % 7 / 10
    lattice = f"{edge} 0 0 0 {edge} 0 0 0 {edge}"
    half = edge / 2
    head = f'Lattice="{lattice}" Properties=species:S:1:pos:R:3 pbc="T T T"'
    return f"2\n{head}\nCs 0.0 0.0 0.0\nCl {half} {half} {half}\n"


print("starting", flush=True)
if mode == "fails":
    sys.exit("no GPU")
if mode == "hangs":
    time.sleep(60)
if mode == "nothing":
    sys.exit(0)
text = "".join(frame(k) for k in range(n))
if mode == "half":
    text = frame(0) + frame(1)[:60]
if mode == "some" and not output.name.endswith("part1"):
    text = frame(0)
(output / "generated_crystals.extxyz").write_text(text)
(output / "generated_crystals_cif.zip").write_bytes(b"never read")
