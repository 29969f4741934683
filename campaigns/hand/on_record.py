"""This file is what of a telling is new, beside what the record has of the sample already."""

from collections.abc import Mapping, Sequence

from eutectic.campaigns.record.outcomes import Measurement, Outcome


def on_record_of(outcome: Outcome) -> list[tuple[Mapping[str, float], Mapping[str, float]]]:
    """Values and standard errors that the record has of a sample: what they amount to, and each measurement's."""
    return [(outcome.values, outcome.errors), *((m.values, m.errors) for m in outcome.measurements)]


def not_on_record(outcome: Outcome, values: Mapping[str, float], errors: Mapping[str, float]) -> dict[str, float]:
    """Those of the values that an outcome has not, be it as one of its measurements or as what these amount to."""
    known = on_record_of(outcome)

    def on_record(name: str, value: float) -> bool:
        return any(v.get(name) == value and errors.get(name, e.get(name)) == e.get(name) for v, e in known)

    return {name: value for name, value in values.items() if not on_record(name, value)}


def adds_only(outcome: Outcome, values: Mapping[str, float], errors: Mapping[str, float]) -> bool:
    """Does this say of a finished sample what was never measured of it, and nothing else that is new?"""
    fresh = not_on_record(outcome, values, errors)
    return outcome.status == "finished" and bool(fresh) and not fresh.keys() & outcome.values.keys()


def news_of(
    outcome: Outcome, repeat: bool, values: Mapping[str, float], errors: Mapping[str, float]
) -> tuple[dict[str, float], dict[str, float]]:
    """Values and standard errors to be written down: of a finished sample what it has is not told again."""
    fresh = {**values} if repeat or not adds_only(outcome, values, errors) else not_on_record(outcome, values, errors)
    return fresh, {name: error for name, error in errors.items() if name in fresh}


def changes_nothing(
    before: Measurement, values: Mapping[str, float], errors: Mapping[str, float], curves: Mapping[str, Sequence[float]]
) -> bool:
    """Does a correction say what was told already, standard errors and curves included?"""
    if {name: points for name, points in before.curves.items() if name in values} != {**curves}:
        return False
    known = {name: error for name, error in before.errors.items() if name in values}
    return all(before.values.get(name) == value for name, value in values.items()) and known == {**errors}
