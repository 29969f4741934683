"""This file is the tables the commands print on standard output."""

import csv
import io
import json
from collections.abc import Collection, Mapping, Sequence
from typing import Literal

from eutectic.campaigns.analysis.amounts import heads
from eutectic.campaigns.analysis.labels import aligned, label, measured, number, title_of, titled
from eutectic.campaigns.analysis.pareto import front
from eutectic.campaigns.analysis.summary import counted
from eutectic.campaigns.analysis.table import variable_names
from eutectic.campaigns.exports.candidates import prediction, suggestion
from eutectic.campaigns.exports.export import pareto_json, table
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.problem.definition import Problem
from eutectic.campaigns.record.outcomes import Ledger, Outcome
from eutectic.generators.abilities import variable_count
from eutectic.optimizers.spaces.region import count
from eutectic.oracles.base import Value


def size(problem: Problem) -> str:
    """`5 variables, 10,626 candidates`."""
    points = count(problem.space)
    many = "infinitely many" if points is None else f"{points:,}"
    return f"{counted(variable_count(problem.generator), 'variable')}, {many} candidates"


def opening(problem: Problem) -> str:
    """What a run is about to do, in a line."""
    budget, executor = problem.spec.budget, problem.spec.executor
    ends = [
        counted(budget.evaluations, "evaluation") if budget.evaluations is not None else "",
        f"{budget.hours:g} hours" if budget.hours is not None else "",
        f"cost {budget.cost:g}" if budget.cost is not None else "",
        f"{budget.stall} rounds without gain" if budget.stall is not None else "",
    ]
    until = " or ".join(end for end in ends if end)
    return (
        f"{problem.spec.name}: {size(problem)}; "
        f"until {until}, {budget.batch} at a time, {counted(executor.workers, 'worker')}"
    )


def pareto_table(ledger: Ledger, outcomes: Sequence[Outcome]) -> str:
    """The Pareto front: number, objectives with their standard errors, constraints' properties, variables."""
    if not outcomes:
        return "no feasible candidate yet"
    shown = dict.fromkeys([goal.name for goal in ledger.spec.goals] + [limit.property for limit in ledger.spec.limits])
    variables = variable_names(outcomes)
    head = ["candidate", *(label(title_of(ledger.spec.goals, name)) for name in shown), *heads(ledger.spec, variables)]
    rows = [
        [
            o.name.removeprefix("#"),
            *(measured(o.values.get(p), o.errors.get(p)) for p in shown),
            *cells(o.variables, variables),
        ]
        for o in outcomes
    ]
    return aligned(head, rows)


def pareto_text(ledger: Ledger, format: Literal["table", "csv", "json"]) -> str:
    """The Pareto front in one of the three formats, ending in a line feed."""
    if format == "json":
        return pareto_json(ledger)
    if format == "csv":
        return pareto_csv(ledger)

    return pareto_table(ledger, front(ledger)) + "\n"


def pareto_csv(ledger: Ledger) -> str:
    """The front's rows of the table that `campaign export --format csv` writes, in the order of the front."""
    names, rows = table(ledger)
    by_id = {row[0]: row for row in rows if row[names.index("status")] == "finished"}
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([names, *(by_id[o.id] for o in front(ledger))])
    return stream.getvalue()


def suggestions(
    outcomes: Sequence[Outcome],
    spec: CampaignSpec,
    instructions: Mapping[str, str],
    outside: Collection[int] = (),
    space: Sequence[str] = (),
) -> str:
    """Candidates to evaluate: number, id, variables, who proposed them, and what the oracles are to do with them.

    outside: numbers of those that lie outside the space since it was changed. space: its variables, in order.
    """
    if not outcomes:
        return "nothing left to suggest"
    variables = variable_names(outcomes, space)
    head = [
        "candidate",
        "id",
        *heads(spec, variables),
        *(f"predicted {label(titled(goal.name, goal.distance))}" for goal in spec.goals),
        "proposed by",
    ]
    rows = [
        [
            o.name.removeprefix("#"),
            o.id,
            *cells(o.variables, variables),
            *_predicted(o, spec),
            _why(o, spec) + (" (outside the space)" if o.number in outside else ""),
        ]
        for o in outcomes
    ]
    return "\n".join([aligned(head, rows), *(f"{name}: {text}" for name, text in instructions.items())])


def _why(outcome: Outcome, spec: CampaignSpec) -> str:
    """Who proposed a candidate; of one of the best, that it is to be measured once more."""
    if outcome.status != "finished" or spec.validation is None:
        return outcome.reason.proposer
    return f"validation of {outcome.name} ({spec.validation.oracle})"


def suggestions_json(
    outcomes: Sequence[Outcome], spec: CampaignSpec, instructions: Mapping[str, str], outside: Collection[int] = ()
) -> str:
    """The same for programs; predictions in natural units, null where the proposer makes none."""
    content = [suggestion(outcome, spec, instructions, outcome.number in outside) for outcome in outcomes]
    return json.dumps(content, indent=2, ensure_ascii=False)


def cells(variables: Mapping[str, Value], names: Sequence[str]) -> list[str]:
    """Values of the named variables as text."""
    values = [variables.get(name, "") for name in names]
    return [value if isinstance(value, str) else number(float(value)) for value in values]


def _predicted(outcome: Outcome, spec: CampaignSpec) -> list[str]:
    """One cell an objective."""
    known = prediction(outcome, spec)
    return [measured(*known[goal.name]) if goal.name in known else number(None) for goal in spec.goals]
