import numpy as np
import pytest

from eutectic.oracles.base import Candidate
from eutectic.oracles.user.person import Person


def test_a_person_waits_and_is_never_called():
    oracle = Person(("hardness_gpa",), instructions="indent ten times")
    assert oracle.waits
    assert oracle.properties == ("hardness_gpa",)
    with pytest.raises(AssertionError, match="campaign tell"):
        oracle.evaluate([Candidate({"x": 1.0})], np.random.default_rng(0))


def test_a_person_is_asked_for_something_once():
    for properties in ((), ("y", "y")):
        with pytest.raises(ValueError, match="properties"):
            Person(properties)
