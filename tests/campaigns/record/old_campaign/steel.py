"""A made-up steel for a campaign of long ago: hardness, distortion and cost of a heat treatment."""

SEVERITY = {"air": 0.2, "oil": 0.6, "water": 1.0}


def harden(v):
    if v["quench"] == "water" and v["temperature_k"] > 850:
        raise ValueError("cracked")
    severity = SEVERITY[v["quench"]]
    hardness = 8 * severity - (v["temperature_k"] - 450) / 300 + 0.1 * v["time_h"]
    distortion = 80 * severity**2 + (900 - v["temperature_k"]) / 40
    return {"hardness_gpa": hardness, "distortion_um": distortion, "cost_eur": 0.5 + 0.6 * v["time_h"]}
