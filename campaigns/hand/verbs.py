"""This file is what people say of a candidate: measured, measured again, failed, wrong before, not made, remarked.

Each is one transaction in which only what was written since is folded, also while another process runs the campaign.
"""

import time
from collections.abc import Collection, Mapping
from typing import Literal

from eutectic.campaigns.errors import CampaignFileError, Complaint, nearest_name, shortened, unknown
from eutectic.campaigns.file.goals import refusal
from eutectic.campaigns.hand.advice import ADD, CORRECT, REPEAT, VALIDATION
from eutectic.campaigns.hand.following import Following, following
from eutectic.campaigns.hand.measurable import require_measurable
from eutectic.campaigns.hand.observation import Observation
from eutectic.campaigns.hand.on_record import changes_nothing, news_of
from eutectic.campaigns.loop import routing
from eutectic.campaigns.loop.context import observed, put_right, told_curves, told_number
from eutectic.campaigns.problem.definition import Problem
from eutectic.campaigns.record.attachments import Attachment
from eutectic.campaigns.record.journal import Draft
from eutectic.campaigns.record.ledger import Logbook
from eutectic.campaigns.record.outcomes import Outcome
from eutectic.campaigns.record.steps import OPEN, corrected, settled, told
from eutectic.oracles.base import Evaluation, Value

Values = Mapping[str, float]
SHOWN = 8
"""Open candidates that are named, at most."""


def tell(problem: Problem, logbook: Logbook, id: str, observation: Observation, running: bool = False) -> Outcome:
    """Write down what was measured of a candidate, and what follows from it; the outcome as it is then.

    Variables with `context: true` that were measured with it replace what was asked. running: a process runs the
    campaign.
    CampaignFileError for what nobody can have measured, an unknown id, a candidate that was given back, and for one
    that has values already unless `repeat` says that this is another measurement.
    """
    with logbook.transaction() as drafts:
        outcome = chosen(logbook, id)
        measured, context = observed(problem, outcome, observation.values, observation.repeat)
        require_measurable(problem, measured, observation.errors)
        if (before := told_under(logbook, observation.key, measured, observation.errors)) is not None:
            return before
        all_of_it = {"values": _floats(measured), "errors": _floats(observation.errors)}
        measured, errors = news_of(outcome, observation.repeat, **all_of_it)
        repeated = _repeated(problem, outcome, measured, observation.repeat)
        named = person(problem)
        body: dict[str, object] = {"oracle": named, "values": measured, "errors": errors}
        body |= {**_rung(problem, named), **context, **_curves(problem, observation, measured)}
        body |= {"said": all_of_it} if all_of_it["values"] != measured else {}
        body |= {**({"repeat": True} if repeated else {}), **observation.words}
        drafts.append(Draft("told", body, outcome.number))
        now = time.time()
        after, news, verdict = _judged(problem, told(outcome, body, now), measured, measured, running)
        drafts += news
        verdict = verdict or _still(outcome)
        if verdict is not None:
            drafts.append(routing.settlement(outcome.number, verdict, told=True))
            ending = {"failure": verdict.failure, "error": verdict.error, "provisional": verdict.provisional}
            after = settled(after, verdict.status, problem.spec, outcome.finished_at or now, ending)
    return logbook.latest(after)


def _still(outcome: Outcome) -> routing.Verdict | None:
    """What has finished stays so, its losses taken anew; None for anything else."""
    if outcome.status != "finished":
        return None
    return routing.Verdict("finished", error=outcome.error, provisional=outcome.provisional)


def _repeated(problem: Problem, outcome: Outcome, values: Values, repeat: bool) -> bool:
    """Is this another measurement of a sample? CampaignFileError where that cannot be, or has to be said."""
    if outcome.status == "returned":
        raise said(f"candidate '{outcome.id}' was given back; a result of it all the same: {ADD}", "conflict")
    by_hand = [m for m in outcome.measurements if m.oracle == person(problem)]
    if repeat and outcome.status == "finished" and not by_hand:
        raise said(f"candidate '{outcome.id}' was computed by {_computed(outcome)}, not measured: nothing to repeat")
    if repeat:
        insane = refusal(values, problem.spec.windows)
        if insane is not None:
            raise said(f"{insane}; a measurement that cannot be true is not averaged")
        return bool(by_hand) and outcome.status not in ("failed", "refused")
    ways = f"{REPEAT}; a wrong value: {CORRECT}"
    if outcome.status == "finished" and not outcome.values.keys() & values.keys():
        return False  # of a property that was not asked for when it was measured
    if outcome.status == "finished":
        more = VALIDATION if problem.validator is not None else ""
        raise said(
            f"candidate '{outcome.id}' has finished already ({_numbers(outcome.values)}); {ways}{more}", "conflict"
        )
    held = by_hand[-1].values if by_hand and outcome.status in OPEN else {}
    for name, value in values.items():
        if held.get(name, value) != value:
            message = f"'{name}' of candidate '{outcome.id}' was told as {held[name]:g} already; {ways}"
            raise said(message, "conflict")
    return False


def told_under(logbook: Logbook, key: str, values: Values, errors: Values) -> Outcome | None:
    """The outcome of what was told under a key before, or None; CampaignFileError when that was something else."""
    telling = logbook.record.tellings.get(key) if key else None
    if telling is None:
        return None
    if telling.number is None or not telling.says(_floats(values), _floats(errors)):
        raise said(f"'{shortened(key)}' is the key of another telling; give each its own", "conflict")
    return logbook.record.outcomes[telling.number]


def validate(problem: Problem, logbook: Logbook, id: str, observation: Observation) -> Outcome:
    """Write down what came out when one of the best was measured once more at the end; its own values stay.

    CampaignFileError where nothing is validated or this is none of those, for one that was validated, and for values
    of another kind than the oracle of `validate` returns, or too few.
    """
    named, errors, failed = problem.validator, observation.errors, observation.failed
    if named is None:
        raise said("this campaign validates nothing: its file has no `validate`")
    values = {name: told_number(problem, name, value) for name, value in observation.values.items()}
    with logbook.transaction() as drafts:
        outcome, record = chosen(logbook, id, last=True), logbook.record
        outcome = next((o for o in logbook.called(id) if o.number in (record.chosen or ())), outcome)
        if record.chosen is None or outcome.number not in record.chosen:
            these = ", ".join(record.outcomes[n].name for n in record.chosen or ())
            these = these or "none yet (campaign suggest names them)"
            raise said(f"candidate '{outcome.id}' (number {outcome.number}) is not to be validated; those are: {these}")
        if outcome.validation is not None:
            before = _numbers(outcome.validation.values) or outcome.validation.error
            raise said(f"candidate '{outcome.id}' was validated already ({before})", "conflict")
        if not failed:
            require_measurable(problem, values, errors)
            asked = [name for name in routing.needed(problem) if name in (named.oracle.properties or values)]
            missing = [name for name in asked if name not in values]
            if missing:
                raise said(f"{', '.join(missing)} is missing: all that '{named.name}' returns is told at once")
        place = next(k for k, other in enumerate(problem.oracles) if other.name == named.name)
        rung, told_by = problem.ladder.rung(place), {"by": observation.by} if observation.by else {}
        evaluation = Evaluation(
            outcome.id, named.name, values, _floats(errors), status="failed" if failed else "finished",
            failure="error" if failed else "", error=failed, provenance={"told": True, **told_by},
            fidelity=float(problem.ladder.top + 1 if rung is None else rung),
            curves=told_curves(problem, observation.values),
        )  # fmt: skip
        body = {"settings": named.settings_hash, "attempt": 1, "again": False, "evaluation": evaluation.to_json()}
        drafts += [Draft("validated", body, outcome.number), *_noted(outcome, observation.note, observation.by)]
    return logbook.record.outcomes[outcome.number]


def fail(
    problem: Problem,
    logbook: Logbook,
    id: str,
    why: str,
    infrastructure: bool = False,
    by: str = "",
    note: str = "",
) -> Outcome:
    """Write down that a sample gave no values; it is learned as infeasible and never asked for again.

    With `infrastructure` that was not its fault: it waits to be made once more. CampaignFileError without a reason, for
    an unknown id and for a candidate that has ended.
    """
    require_reason(why)
    with logbook.transaction() as drafts:
        outcome = chosen(logbook, id)
        require_open(outcome, "it cannot fail any more")
        named, failure = person(problem), "infrastructure" if infrastructure else "error"
        body = {"oracle": named, "failure": failure, "error": why, **_rung(problem, named)}
        drafts.append(Draft("reported", {**body, **({"by": by} if by else {})}, outcome.number))
        if not infrastructure:
            verdict = routing.Verdict("failed", "error", why)
            drafts.append(routing.settlement(outcome.number, verdict, told=True))
        drafts += _noted(outcome, note, by)
    return logbook.record.outcomes[outcome.number]


def correct(
    problem: Problem,
    logbook: Logbook,
    id: str,
    observation: Observation,
    why: str = "",
    measurement: int | None = None,
    running: bool = False,
) -> Outcome:
    """Put right what was told of a candidate, its context too, and what followed; the old stays in the journal.

    measurement: which of several, 1 the first. What changes nothing is not written down. running: a process runs the
    campaign. CampaignFileError for what was never told, and where it is not clear which measurement is meant.
    """
    errors, by, note = observation.errors, observation.by, observation.note
    with logbook.transaction() as drafts:
        outcome = chosen(logbook, id, last=True)
        said_of, context = put_right(problem, outcome, observation.values)
        values = {name: told_number(problem, name, value) for name, value in said_of.items()}
        if values or errors or said_of.keys() == observation.values.keys():
            require_measurable(problem, values, errors)
        place = _measurement(outcome, values, measurement)
        before = outcome.measurements[place]
        curves = told_curves(problem, said_of)
        if context or not changes_nothing(before, values, errors, curves):
            body: dict[str, object] = {"measurement": place, "values": values, "errors": _floats(errors)}
            body |= {**({"curves": curves} if curves else {}), **context}
            body |= {"before": {name: before.values[name] for name in values}}
            body |= {"errors_before": {name: before.errors[name] for name in values if name in before.errors}}
            body |= {key: text for key, text in (("why", why), ("by", by)) if text}
            after = corrected(outcome, body, time.time())
            _, news, verdict = _judged(problem, after, after.values, values, running)
            drafts += [Draft("corrected", body, outcome.number), *news]
            if outcome.status == "refused" and outcome.number <= 0:
                verdict = verdict or routing.Verdict("finished")
            elif outcome.status == "refused":
                verdict = verdict or routing.Verdict("proposed")  # the rest is still to be measured
            verdict = verdict or _still(outcome)
            if verdict is not None and outcome.status != "failed":
                drafts.append(routing.settlement(outcome.number, verdict, told=True))
        drafts += _noted(outcome, note, by)
    return logbook.record.outcomes[outcome.number]


def _noted(outcome: Outcome, note: str, by: str) -> list[Draft]:
    """The event of a remark beside something else that is said of a candidate."""
    return [Draft("note", {"text": note, **({"by": by} if by else {})}, outcome.number)] if note else []


def _curves(problem: Problem, observation: Observation, values: Values) -> dict[str, object]:
    """The part of an event that has the curves of the values that are written down; {} without any."""
    curves = told_curves(problem, {name: told for name, told in observation.values.items() if name in values})
    return {"curves": curves} if curves else {}


def _measurement(outcome: Outcome, values: Values, wanted: int | None) -> int:
    """The place of the measurement that is to be put right."""
    places = [k for k, m in enumerate(outcome.measurements) if all(name in m.values for name in values)]
    told_names = {name for m in outcome.measurements for name in m.values}
    if not outcome.measurements:
        raise said(f"nothing was ever told of candidate '{outcome.id}' ({_state(outcome)})")
    if not values and wanted is None:
        return len(outcome.measurements) - 1  # of the context alone, which all of them have
    for name in values:
        if name not in told_names:
            raise said(f"'{name}' was never told of candidate '{outcome.id}'; {unknown('property', name, told_names)}")
    if wanted is not None and wanted - 1 in places:
        return wanted - 1
    if wanted is None and len(places) == 1:
        return places[0]
    listed = "; ".join(f"{k + 1}: {_numbers(m.values)}" for k, m in enumerate(outcome.measurements))
    names = ", ".join(values) or "values"
    given = "which is meant?" if wanted is None else f"number {wanted} is none that has {names}."
    raise said(f"candidate '{outcome.id}': {given} Say --measurement N (in Python `measurement=N`), of {listed}")


def give_back(logbook: Logbook, id: str, never: bool = False, why: str = "", by: str = "") -> Outcome:
    """Write down that a candidate is not made: its place in the budget is free; with `never` it is not asked for again.

    That may be said of one that was given back before, too. CampaignFileError for an unknown id and for a candidate
    that has ended or is being computed.
    """
    with logbook.transaction() as drafts:
        outcome = chosen(logbook, id)
        if outcome.status == "returned" and never and not outcome.barred:
            why = why or outcome.error
        else:
            require_open(outcome, "it cannot be given back")
        if outcome.status == "running":
            raise said(f"candidate '{outcome.id}' is being computed; it cannot be given back", "conflict")
        body: dict[str, object] = {"why": why, "never": never}
        drafts.append(Draft("returned", {**body, **({"by": by} if by else {})}, outcome.number))
    return logbook.record.outcomes[outcome.number]


def remark(logbook: Logbook, id: str, text: str, by: str = "", file: Attachment | None = None) -> Outcome:
    """Write down a note about a candidate, or a file that is kept with it; CampaignFileError for an unknown id.

    And for an empty note without a file. The same file is kept with a candidate once, whatever is said of it.
    """
    if not text.strip() and file is None:
        raise said("the note says nothing")
    with logbook.transaction() as drafts:
        outcome = chosen(logbook, id, last=True)
        if file is None or file not in (other.file for other in outcome.remarks):
            body = {"text": text} | ({"by": by} if by else {}) | ({"file": file.to_json()} if file else {})
            drafts.append(Draft("note", body, outcome.number))
    return logbook.record.outcomes[outcome.number]


def chosen(logbook: Logbook, id: str, last: bool = False) -> Outcome:
    """The outcome somebody means by a number or by the beginning of an id; CampaignFileError when none or several are.

    Of a candidate asked for more than once the first that is open, else the first without values, and where all were
    given back the last; with `last` the last of which something was told, else the last.
    """
    own = logbook.called(id) if id.strip("#").strip() else []
    if not own:
        raise said(_nobody(logbook, id), "missing")
    ids = list(dict.fromkeys(outcome.id for outcome in own))
    if len(ids) > 1:
        raise said(f"'{id}' is the beginning of {len(ids)} candidates: {', '.join(ids[:5])}")
    if last or all(o.status == "returned" for o in own):
        return ([o for o in own if o.measurements] or own)[-1]
    orders = (OPEN, ("failed", "refused"), ("finished",), ("returned",))
    return next(outcome for statuses in orders for outcome in own if outcome.status in statuses)


def _nobody(logbook: Logbook, id: str) -> str:
    """What is said of a candidate that nobody knows: the nearest id, and those that are open, by number and id."""
    waiting = [logbook.record.outcomes[n] for n in sorted(logbook.record.unsettled)]
    most = max(logbook.record.outcomes, default=0)
    if most > 0 and not waiting:
        return f"unknown candidate '{shortened(id)}'; none is open; the last one proposed was {most}"
    nearest = nearest_name(id, [outcome.id for outcome in waiting])
    hint = f"; did you mean '{nearest}'?" if nearest else ";"
    shown = ", ".join(f"{outcome.name} ({outcome.id})" for outcome in waiting[:SHOWN])
    more = f" and {len(waiting) - SHOWN} more" if len(waiting) > SHOWN else ""
    proposed = f"; the last one proposed was {most}" if id.removeprefix("#").isdecimal() else ""
    return f"unknown candidate '{shortened(id)}'{hint} open: {shown or 'none'}{more}{proposed}"


def _judged(problem: Problem, outcome: Outcome, values: Values, changed: Collection[str], running: bool) -> Following:
    """The outcome with what follows from what was told, the events that say so, and what telling makes of it.

    values: those that have to pass the sanity gate. changed: the names of those that were told.
    None for the end when the campaign still needs something.
    """
    insane = refusal(values, problem.spec.windows)
    if insane is not None:
        return outcome, [], routing.Verdict("refused", "unphysical", insane)
    level = _rung(problem, person(problem)).get("fidelity", 0.0)
    outcome, drafts, verdict = following(problem, outcome, changed, level, running)
    if verdict is None and routing.told_enough(problem, outcome):
        verdict = routing.Verdict("finished")
    return outcome, drafts, verdict


def person(problem: Problem) -> str:
    """Whom what is told counts as: the first oracle that is a person, else nobody of the file's."""
    return next((named.name for named in problem.oracles if named.search and routing.waits(named)), "told")


def _rung(problem: Problem, name: str) -> dict[str, float]:
    """On a ladder, the rung a telling belongs to: the person's, or the top when nobody was asked."""
    ladder = problem.ladder
    own = [ladder.rung(k) for k, named in enumerate(problem.oracles) if named.name == name]
    return {"fidelity": float(next((r for r in own if r is not None), ladder.top))} if ladder.rungs else {}


def require_open(outcome: Outcome, consequence: str) -> None:
    """CampaignFileError for a candidate that has ended."""
    if outcome.status not in OPEN:
        cure = f"; a wrong value: {CORRECT}" if outcome.status == "finished" and outcome.measurements else ""
        raise said(f"candidate '{outcome.id}' has ended ({_state(outcome)}): {consequence}{cure}", "conflict")


def require_reason(why: str) -> None:
    """CampaignFileError where nobody says why a sample failed."""
    if not why.strip():
        raise said("say why it failed, such as 'cracked on cooling'")


def _state(outcome: Outcome) -> str:
    """`finished: a 1, b 2`, `failed: cracked`, `proposed`."""
    detail = _numbers(outcome.values) if outcome.status == "finished" else outcome.error
    return f"{outcome.status}: {detail}" if detail else outcome.status


def _computed(outcome: Outcome) -> str:
    return ", ".join(f"'{e.oracle}'" for e in outcome.evaluations) or "nobody"


def _numbers(values: Values) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in values.items())


def _floats(values: Mapping[str, Value]) -> dict[str, float]:
    return {name: float(value) for name, value in values.items()}


def said(message: str, kind: Literal["", "missing", "conflict"] = "") -> CampaignFileError:
    """The error that says one thing."""
    return CampaignFileError([Complaint((), message, kind=kind)])
