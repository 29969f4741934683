"""A stand-in for the process that runs PyXtal: it sleeps over draw 0, dies at 1 and answers the others."""

import json
import sys
import time

print("ready", flush=True)
for line in sys.stdin:
    draw = json.loads(line)["seed"][1]
    if draw == 0:
        time.sleep(60)
    if draw == 1:
        sys.exit(1)
    cell = [[3.0, 0, 0], [0, 3.0, 0], [0, 0, 3.0]]
    print(json.dumps({"lattice": cell, "fractional": [[0, 0, 0]], "numbers": [14], "group": 221}), flush=True)
