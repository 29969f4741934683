"""This file is one observation as somebody tells it: what was measured of a sample, how, and by whom."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from eutectic.campaigns.problem.curves import Told


@dataclass(frozen=True, slots=True)
class Observation:
    """What somebody says of one sample."""

    values: Mapping[str, Told] = field(default_factory=dict)
    """Properties, natural units, curves as their points; of a candidate that was asked for also variables that were
    measured with it."""
    errors: Mapping[str, float] = field(default_factory=dict)
    """Standard errors of some of the properties."""
    failed: str = ""
    """Why it gave no values; "" where it gave some."""
    repeat: bool = False
    """Is it another measurement of a sample that was measured before?"""
    by: str = ""
    """Who tells it."""
    note: str = ""
    """A remark about the sample."""
    key: str = ""
    """The teller's own name of this observation; told again under it, it counts once."""

    @property
    def words(self) -> dict[str, str]:
        """`by`, `note` and `key`, those of them that say something, as the journal has them."""
        return {name: text for name, text in (("by", self.by), ("note", self.note), ("key", self.key)) if text}
