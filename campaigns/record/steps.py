"""This file is what happens to one outcome, a pure function a step: values learned, told, corrected, and its end."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import fmean, stdev
from sys import intern
from typing import Any

from eutectic.campaigns.file.goals import refusal
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.record.attachments import Attachment
from eutectic.campaigns.record.kept_once import named, reason_of
from eutectic.campaigns.record.notes import gate_kind
from eutectic.campaigns.record.outcomes import Gate, Measurement, Outcome, Remark, altered
from eutectic.oracles.base import Evaluation

Body = Mapping[str, Any]
OPEN = frozenset({"proposed", "running"})
"""Statuses of an outcome that something more will happen to."""


def proposed(row: Mapping[str, Any], number: int, index: int, at: float) -> Outcome:
    """A proposed outcome from its row in the journal."""
    candidate: Mapping[str, Any] = row["candidate"]
    reason, nothing = reason_of(row["reason"]), dict[str, float]()
    return Outcome(
        number=number,
        id=row["id"],
        round=index,
        status="proposed",
        x=tuple(row["x"]),
        variables=named(candidate["variables"]),
        composition=candidate["composition"],
        structure=candidate.get("structure"),
        values=nothing,
        errors=nothing,
        losses=(),
        excess=(),
        feasible=False,
        reason=reason,
        origin=intern(candidate["origin"]) or reason.proposer,
        neighbour=row.get("neighbour"),
        distance=row.get("distance"),
        proposed_at=at,
        rung=row.get("rung", 0),
        until=row.get("until", row.get("rung", 0)),
        provisional=tuple(row.get("provisional", ())),
    )


def learned(outcome: Outcome, evaluation: Evaluation, measurements: tuple[Measurement, ...] | None = None) -> Outcome:
    """The outcome with one more evaluation; a property's value is that of the highest rung that has answered.

    measurements: those that it sums up, where people told it.
    """
    said = (evaluation.oracle, evaluation.fidelity)
    others = tuple(e for e in outcome.evaluations if (e.oracle, e.fidelity) != said)
    made = {} if measurements is None else {"measurements": measurements}
    return _valued(outcome, {**made, "evaluations": (*others, evaluation)})


def measured_anew(outcome: Outcome, values: Mapping[str, Mapping[str, float]]) -> Outcome:
    """The outcome with other values of what was measured as a curve: the place of an evaluation -> property -> value.

    The place of what was computed once more at the end is called `validation`, that of a measurement `measurement 0`.
    """

    def other(evaluation: Evaluation, place: str) -> Evaluation:
        return replace(evaluation, values={**evaluation.values, **values.get(place, {})})

    evaluations = tuple(other(e, str(k)) for k, e in enumerate(outcome.evaluations))
    last = None if outcome.validation is None else other(outcome.validation, "validation")
    measurements = tuple(
        replace(m, values={**m.values, **values.get(f"measurement {k}", {})})
        for k, m in enumerate(outcome.measurements)
    )
    return _valued(outcome, {"evaluations": evaluations, "validation": last, "measurements": measurements})


def _valued(outcome: Outcome, changes: Mapping[str, Any]) -> Outcome:
    """The outcome with changes, evaluations among them, and the values that these amount to."""
    values: Mapping[str, float] = {}
    errors: Mapping[str, float] = {}
    for e in sorted(changes["evaluations"], key=lambda e: e.fidelity):
        if e.status == "finished":
            values = {**values, **e.values} if values else e.values
            others = {name: error for name, error in errors.items() if name not in e.values}
            errors = {**others, **e.errors} if others else e.errors
    return altered(outcome, {**changes, "values": values, "errors": errors})


def settled(
    outcome: Outcome, status: Any, spec: CampaignSpec, at: float, verdict: Mapping[str, Any] | None = None
) -> Outcome:
    """The outcome with its last status; losses and constraints from its values, NaN unless it finished.

    A status that is no end opens it again. verdict: `failure`, `error` and `provisional`, where they are others than
    before. What is not the top rung's is no value in this sense.
    """
    verdict = verdict or {}
    provisional = verdict.get("provisional", outcome.provisional)
    values = {name: v for name, v in outcome.values.items() if status == "finished" and name not in provisional}
    goals = spec.goals
    losses = tuple(goal.loss(goal.signed(values.get(goal.name, math.nan))) for goal in goals)
    excess = tuple(limit.excess(values.get(limit.property, math.nan)) for limit in spec.limits)
    losses = tuple(loss if goal.name in values else math.nan for loss, goal in zip(losses, goals, strict=True))
    feasible = all(math.isfinite(loss) for loss in losses) and all(e <= 0 for e in excess)
    judged = {"losses": losses, "excess": excess, "feasible": feasible}
    end = None if status in OPEN else at
    return altered(outcome, {**verdict, "status": status, "finished_at": end, "lease": None, **judged})


def counted(before: Outcome | None, after: Outcome, seq: int) -> Outcome:
    """The outcome with the number of the event that ended it, where this one did."""
    if after.finished_at is None or (before is not None and before.finished_at == after.finished_at):
        return after
    return altered(after, {"ended_by": seq})


def ended(outcome: Outcome, spec: CampaignSpec, at: float) -> Outcome:
    """An outcome that came with its values: finished, or refused by the sanity gate."""
    insane = refusal(outcome.values, spec.windows)
    if insane is not None:
        outcome = replace(outcome, failure="unphysical", error=insane)
    return settled(outcome, "refused" if insane else "finished", spec, at)


def added(outcome: Outcome, body: Body, spec: CampaignSpec, at: float) -> Outcome:
    """What was never suggested, with what was measured of it, or failed."""
    if "failed" not in body:
        return ended(told(outcome, body, at), spec, at)
    error = {"failure": "error", "error": body["failed"]}
    outcome = remarked(reported(outcome, {**body, **error}, at), body.get("note", ""), body.get("by", ""), at)
    return settled(replace(outcome, failure="error", error=body["failed"]), "failed", spec, at)


def of_history(row: Mapping[str, Any], number: int, spec: CampaignSpec, at: float) -> Outcome:
    """What was known before the start, from its row in the journal; the sanity gate is for it, too."""
    outcome = proposed(row, number, -1, at)
    outcome = replace(outcome, origin=row.get("origin", "history"))
    for said in said_before(row):
        outcome = learned(outcome, Evaluation(outcome.id, "history", **said))
    if row.get("status", "finished") == "finished":
        return ended(outcome, spec, at)
    kind = "unphysical" if row["status"] == "refused" else "error"
    outcome = replace(outcome, failure=kind, error=row.get("error", ""))
    none = Evaluation(outcome.id, "history", status="failed", failure="error", error=outcome.error)
    outcome = replace(outcome, evaluations=(replace(none, provenance=row.get("source", {})),))
    return settled(outcome, row["status"], spec, at)


def told(outcome: Outcome, body: Body, at: float) -> Outcome:
    """What a person says of one oracle adds up over several tellings; with `repeat` it is another measurement.

    The context that was measured with it stands in place of the one that was asked for.
    """
    outcome = _situated(outcome, body)
    own = [m for m in outcome.measurements if m.oracle == body["oracle"]]
    if own and not body.get("repeat"):
        last = own[-1]
        added = _with(last, body)
        measurements = tuple(added if m is last else m for m in outcome.measurements)
    else:
        values, errors = named(body["values"]), named(body["errors"])
        curves = body.get("curves") or _nothing(errors)
        first = Measurement(intern(body["oracle"]), at, values, errors, intern(body.get("by", "")), curves)
        measurements = (*outcome.measurements, first)
    outcome = _measured(outcome, measurements, body["oracle"], body.get("fidelity", 0.0))
    return remarked(outcome, body.get("note", ""), body.get("by", ""), at)


def _situated(outcome: Outcome, body: Body) -> Outcome:
    """The outcome in the context that an event has, if it has one."""
    seen = body.get("context")
    if not seen:
        return outcome
    x = tuple(seen["x"].get(str(column), value) for column, value in enumerate(outcome.x))
    return replace(outcome, x=x, variables={**outcome.variables, **seen["variables"]})


def _with(before: Measurement, body: Body) -> Measurement:
    """A measurement with values that an event has, in place of its own or beside them."""
    errors = {name: error for name, error in before.errors.items() if name not in body["values"]}
    curves = {name: points for name, points in before.curves.items() if name not in body["values"]}
    return replace(
        before,
        values={**before.values, **body["values"]},
        errors={**errors, **body["errors"]},
        curves={**curves, **body.get("curves", {})},
    )


def corrected(outcome: Outcome, body: Body, at: float) -> Outcome:
    """One measurement, and the sample's context, as they should have been told; what was stands in the journal."""
    outcome = _situated(outcome, body)
    place = body["measurement"]
    wrong = outcome.measurements[place]
    right = _with(wrong, body)
    measurements = (*outcome.measurements[:place], right, *outcome.measurements[place + 1 :])
    fidelity = next(e.fidelity for e in outcome.evaluations if e.oracle == wrong.oracle)
    outcome = _measured(outcome, measurements, wrong.oracle, fidelity)
    changes = [f"{name} {body['before'][name]:g} -> {value:g}" for name, value in body["values"].items()]
    contexts = body.get("context_before", {})
    changes += [f"{name} {before} -> {outcome.variables[name]}" for name, before in contexts.items()]
    why = f" ({body['why']})" if body.get("why") else ""
    return remarked(outcome, f"corrected {', '.join(changes)}{why}", body.get("by", ""), at)


def started(outcome: Outcome, body: Body, at: float) -> Outcome:
    """Somebody evaluates it."""
    del body, at
    return replace(outcome, status="running") if outcome.status in OPEN else outcome


def gated(outcome: Outcome, body: Body, at: float) -> Outcome:
    """It goes on to the next rung, or is held back for good."""
    del at
    gate = Gate(**{"kind": gate_kind(body["reason"]), **body})
    return replace(outcome, gates=(*outcome.gates, gate), rung=gate.rung + 1 if gate.passed else gate.rung)


def validated(outcome: Outcome, body: Body, at: float) -> Outcome:
    """It was computed once more; the campaign's own values stay as they are."""
    del at
    if body["again"]:
        return outcome
    return replace(outcome, validation=Evaluation.from_json(body["evaluation"]), lease=None)


def reported(outcome: Outcome, body: Body, at: float) -> Outcome:
    """A sample that gave no values; what was told of it before stands where that was not its fault.

    Then it waits again, for anybody, as if it had not been made.
    """
    failure = Evaluation(
        outcome.id, body["oracle"], status="failed", failure=body["failure"], error=body["error"],
        fidelity=body.get("fidelity", 0.0),
    )  # fmt: skip
    told_before = any(e.oracle == body["oracle"] and e.status == "finished" for e in outcome.evaluations)
    if not (told_before and body["failure"] == "infrastructure"):
        outcome = learned(outcome, failure)
    outcome = replace(outcome, attempts=outcome.attempts + 1)
    outcome = outcome if body["failure"] == "infrastructure" else replace(outcome, barred=True)
    outcome = replace(outcome, status="proposed", lease=None) if outcome.status in OPEN else outcome
    return remarked(outcome, f"failed: {body['error']}", body.get("by", ""), at)


def remarked(outcome: Outcome, text: str, by: str, at: float, file: Attachment | None = None) -> Outcome:
    """The outcome with one more remark, unless it says nothing and no file is kept with it."""
    said = Remark(at, text, by, file)
    return replace(outcome, remarks=(*outcome.remarks, said)) if text or file else outcome


def pooled(measurements: Sequence[Measurement]) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """Values and standard errors of replicates: a property's mean over those that have it.

    Its standard error is the sample deviation over the square root of their number, or what their own standard errors
    amount to, whichever is larger; none where replicates agree exactly and none was given.
    """
    if len(measurements) == 1 and measurements[0].errors.keys() <= measurements[0].values.keys():
        return measurements[0].values, measurements[0].errors
    values: dict[str, float] = {}
    errors: dict[str, float] = {}
    for name in dict.fromkeys(name for m in measurements for name in m.values):
        own = [m for m in measurements if name in m.values]
        values[name] = fmean(m.values[name] for m in own) if len(own) > 1 else own[0].values[name]
        known = [m.errors[name] for m in own if name in m.errors]
        given = math.hypot(*known) / len(own) if len(known) == len(own) else 0.0
        spread = stdev(m.values[name] for m in own) / math.sqrt(len(own)) if len(own) > 1 else 0.0
        if len(own) == 1 and known:
            errors[name] = known[0]
        elif max(given, spread) > 0:
            errors[name] = max(given, spread)
    return values, errors


def _measured(outcome: Outcome, measurements: tuple[Measurement, ...], oracle: str, fidelity: float) -> Outcome:
    """The outcome with these measurements, an oracle's values pooled."""
    own = [m for m in measurements if m.oracle == oracle]
    values, errors = pooled(own)
    nothing = _nothing(errors)
    summed = Evaluation(
        outcome.id, intern(oracle), values, errors, fidelity=fidelity,
        artifacts=nothing, curves=mean_curves(own) or nothing, provenance=nothing,
    )  # fmt: skip
    return learned(outcome, summed, measurements)


def _nothing(errors: Mapping[str, float]) -> Mapping[str, Any]:
    """An empty mapping: the one that a candidate without standard errors has already."""
    return {} if errors else errors


def mean_curves(measurements: Sequence[Measurement]) -> dict[str, list[float]]:
    """The mean of each curve over replicates; without those that some of them have as a distance alone."""
    found: dict[str, list[float]] = {}
    for name in dict.fromkeys(name for m in measurements for name in m.curves):
        own = [m.curves.get(name, ()) for m in measurements if name in m.values]
        if len({len(points) for points in own}) == 1 and own[0]:
            found[name] = [fmean(points) for points in zip(*own, strict=True)]
    return found


def said_before(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a row of something known says on each rung; of an old journal, on its only one."""
    alone = {"rung": row.get("fidelity", 0.0), "source": row.get("source", {})}
    told = row.get("said", [{**alone, "values": row["values"], "errors": row["errors"]}])
    return [
        {
            "values": one["values"],
            "errors": one["errors"],
            "fidelity": float(one["rung"]),
            "provenance": one["source"],
        }
        for one in told
    ]
