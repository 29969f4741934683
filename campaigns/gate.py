"""This file is the sanity gate: no value that cannot be true reaches an optimizer."""

import math
from collections.abc import Mapping

from campaigns.goals import Window


def refusal(values: Mapping[str, float], windows: Mapping[str, Window]) -> str | None:
    """The sentence that says which value is not finite or outside its `valid` window, or None when all pass."""
    for name, value in values.items():
        if not math.isfinite(value):
            return f"{name} is {value}, not a finite number"
        if name in windows and value not in windows[name]:
            return f"{name} is {value:g}, outside its valid window {windows[name]}"
    return None
