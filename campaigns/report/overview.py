"""This file is what the report begins with: a function a section, from the ledger to its blocks."""

from collections import Counter
from collections.abc import Sequence

import yaml

from eutectic.campaigns.analysis.amounts import heads
from eutectic.campaigns.analysis.before import added, earlier, lacking
from eutectic.campaigns.analysis.labels import duration, label, number, quantity, spoken, title_of, titled
from eutectic.campaigns.analysis.parity import Parities
from eutectic.campaigns.analysis.summary import (
    asked,
    begun,
    counted,
    findings,
    for_windows,
    inside,
    parted,
    said,
    shown,
    spent_s,
    wall_s,
)
from eutectic.campaigns.analysis.table import settings, variable_names
from eutectic.campaigns.figures import candidate_charts
from eutectic.campaigns.figures.candidate_charts import MAX_BARS, variables_chart
from eutectic.campaigns.figures.charts import objectives, trace
from eutectic.campaigns.record.outcomes import Change, Ledger, Outcome
from eutectic.campaigns.record.progress import BY_HAND
from eutectic.campaigns.record.volume import estimated
from eutectic.campaigns.report.blocks import (
    Badge,
    Block,
    Cell,
    Folded,
    Head,
    Heading,
    Section,
    Tile,
    Typeset,
    candidate,
    chart,
    paragraph,
    section,
    table,
)
from eutectic.optimizers.models.diagnostics import doubts

SHOWN = 500
"""Rows of a table at most; the export has all."""
ENDS = {"done": "Ended", "failed": "Failed", "stopped": "Stopped"}
"""State -> the word before its reason."""
MAX_COLUMNS = 12
"""Variables that have a column each."""


def head(ledger: Ledger, front: Sequence[Outcome]) -> Head:
    """Name, state, and the campaign in a few numbers."""
    counts = Counter(o.status for o in asked(ledger))
    lost = counts["failed"] + counts["refused"]
    open_ones = counts["proposed"] + counts["running"] - begun(ledger)
    guess = ", estimated" if estimated(len(ledger.spec.goals)) else ""
    tiles = [
        ("Evaluations", str(counts["finished"] + lost), _gave(ledger, lost)),
        ("On the Pareto front", str(len(front)), _of(ledger)),
        ("Hypervolume", number(ledger.hypervolume), f"after {len(ledger.rounds)} rounds{guess}"),
        _time(ledger),
    ]
    if len(ledger.spec.goals) == 1:
        tiles[1:3] = [
            (
                "Best",
                _best(ledger, front),
                quantity(titled(ledger.spec.goals[0].name, ledger.spec.goals[0].distance))[0],
            )
        ]
    if for_windows(ledger):
        met = inside(ledger)
        tiles[1:-1] = [("Inside every window", str(len(met)), f"the first is {met[0].name}" if met else "none yet")]
    waiting = f" {open_ones} not evaluated yet." if open_ones else ""
    at_rest = ledger.reason and ledger.reason not in (BY_HAND, "asked by hand")  # of journals of before
    waiting += f" {ENDS.get(ledger.state, 'Ended')}: {ledger.reason}." if at_rest else ""
    lead = " ".join(findings(ledger, front)) + waiting
    return Head(ledger.spec.name, Badge(ledger.state), lead, tuple(Tile(*tile) for tile in tiles))


def _time(ledger: Ledger) -> tuple[str, str, str]:
    """How long it took: of oracles, and by the clock; by the clock alone where no oracle took any."""
    seconds, clock = spent_s(ledger), duration(wall_s(ledger))
    if not seconds and ledger.finished:
        return "Time", clock, "from the first proposal to the last result"
    return "Oracle time", duration(seconds), f"{clock} on the clock"


def _gave(ledger: Ledger, lost: int) -> str:
    """What came of the evaluations; on a ladder, how many have values that count."""
    told = f"{lost} without usable values" if lost else "all gave values"
    below = sum(bool(o.provisional) for o in ledger.finished if o.number > 0)
    return f"{told}, {below} on lower rungs alone" if below else told


def _of(ledger: Ledger) -> str:
    """Among how many the front was found."""
    count = sum(o.feasible for o in ledger.outcomes)
    where = " on the top rung" if any(o.provisional for o in ledger.outcomes) else ""
    return f"of {count}{where} {'that hold every constraint' if ledger.spec.limits else 'with values'}"


def _best(ledger: Ledger, front: Sequence[Outcome]) -> str:
    return said(ledger.spec.goals[0].name, front[0], ledger.spec.goals) if front else "–"


def problem(ledger: Ledger) -> Section | None:
    """What was asked: objectives, constraints, space, oracles, optimizers, budget."""
    goals: list[list[Cell]] = [
        [label(titled(g.name, g.distance)),
         f"target {number(g.target)} ± {number(g.tolerance)}" if g.kind == "target" else g.kind,
         _reference(ledger, i)]
        for i, g in enumerate(ledger.spec.goals)
    ]  # fmt: skip
    limits: list[list[Cell]] = [
        [label(x.property), f"{'at least' if x.side == 'min' else 'at most'} {number(x.bound)}", ""]
        for x in ledger.spec.limits
    ]
    content = ledger.spec.dump()
    parts = {key: content[key] for key in ("space", "oracles", "optimizers", "budget") if content.get(key)}
    words = _setting(ledger)
    measured = len(ledger.spec.goals) > 1 or ledger.spec.goals[0].reference is not None
    return section(
        "question",
        "What was asked",
        paragraph(words),
        table(["Property", "Wanted", "Worst acceptable value"], goals + limits)
        if measured
        else table(["Property", "Wanted"], [row[:2] for row in goals + limits]),
        paragraph(_chosen(ledger), "note"),
        Folded("Space, oracles, optimizers and budget", _yaml(parts)),
    )


def _reference(ledger: Ledger, column: int) -> str:
    """The hypervolume's reference in one objective, and whose choice it was."""
    goal, chosen = ledger.spec.goals[column], ledger.reference
    if goal.reference is not None:
        return number(goal.reference)
    if chosen is None or len(ledger.spec.goals) == 1:
        return "not given"
    if goal.kind == "target":
        return f"{number(chosen[column] + goal.tolerance)} from the target (chosen from the first results)"
    return f"{number(goal.natural(chosen[column]))} (chosen from the first results)"


def _chosen(ledger: Ledger) -> str:
    """What the reference point is where the campaign had to choose it; nothing where it was given."""
    missing = [label(titled(g.name, g.distance)) for g in ledger.spec.goals if g.reference is None]
    if len(ledger.spec.goals) == 1 or not missing:
        return ""
    whose = "" if len(missing) == len(ledger.spec.goals) else f" in {', '.join(missing)}"
    how = (
        "will be chosen from the first results"
        if ledger.reference is None
        else "was chosen from the first results, a tenth of their range beyond their worst without outliers, and kept"
    )
    return (
        f"The hypervolume is measured from a reference point, the worst acceptable value of every objective. None was "
        f"given{whose}: it {how}. It says nothing of what is wanted; `reference` beside an objective in the campaign "
        "file gives one."
    )


def _setting(ledger: Ledger) -> str:
    """The setting in a sentence."""
    names = [part.called for part in ledger.spec.oracles]
    stages = [
        f"{stage.use} for {stage.evaluations} evaluations" if stage.evaluations else stage.use
        for stage in ledger.spec.optimizers
    ]
    variables = list(map(spoken, heads(ledger.spec, settings(ledger.spec, variable_names(ledger.outcomes)))))
    over = _over(ledger, variables)
    ask = "one objective" if len(ledger.spec.goals) == 1 else f"{len(ledger.spec.goals)} objectives"
    ask = "candidates inside every window" if for_windows(ledger) else ask
    return (
        f"A search for {ask}{over}; measured by {', '.join(names)}; "
        f"proposed by {', then '.join(stages)}; {ledger.spec.budget.batch} at a time."
    )


def _over(ledger: Ledger, variables: Sequence[str]) -> str:
    """What is chosen among: the variables by name, or the crystals by their elements; "" where nothing was asked."""
    symbols = ledger.spec.space.model_dump().get("elements") or ()
    if ledger.spec.space.use == "crystal":
        what = f" of {', '.join(symbols)}" if 0 < len(symbols) <= MAX_COLUMNS else ""
        return f" over crystals{what}{' by ' if variables else ''}{', '.join(variables)}"
    if len(variables) > MAX_COLUMNS:
        chosen = len(variables) if ledger.spec.space.use == "pool" else len(ledger.outcomes[-1].x)
        return f" over {chosen} variables"  # without what is fixed, or follows from the others
    return f" over {', '.join(variables)}" if variables else ""


def pareto_front(ledger: Ledger, front: Sequence[Outcome]) -> Section | None:
    """The objectives' figure and the table of best candidates."""
    single = len(ledger.spec.goals) == 1
    figure = objectives(ledger, front) if ledger.finished else None
    bars = "Error bars: one standard error of the oracle. " if any(o.errors for o in front) else ""
    note = f"{bars}Colour: round in which a candidate was proposed."
    empty = "" if front else _nothing(ledger)
    return section(
        "front",
        "Values in the order of evaluation" if single else "Pareto front",
        paragraph(empty, "warn"),
        chart("objectives", figure),
        paragraph(note if figure and not single else "", "note"),
        paragraph(_before(ledger, front) if figure else "", "note"),
        _candidates(ledger, _ranked(ledger, front)),
    )


def _nothing(ledger: Ledger) -> str:
    """Why there is no best candidate."""
    if not ledger.finished:
        return "No candidate has usable values yet."
    if ledger.spec.limits:
        what = ", so there is no Pareto front" if len(ledger.spec.goals) > 1 else ""
        return f"No evaluated candidate is known to hold every constraint{what}."
    return "No candidate has values of every objective yet."


def _before(ledger: Ledger, front: Sequence[Outcome]) -> str:
    """What the marks of a history are, and of what was added by hand; nothing without either."""
    every, best = ledger.finished, [earlier(front), added(front)]
    told = [
        _marked(ledger, rows, len(own), words)
        for rows, own, words in (
            (earlier(every), best[0], ("Diamonds", "known before the start")),
            (added(every), best[1], ("Squares", "added by hand, never suggested")),
        )
        if rows
    ]
    return " ".join(told)


def _marked(ledger: Ledger, rows: Sequence[Outcome], own: int, words: tuple[str, str]) -> str:
    """What one kind of mark is: how many rows, how many of them are on the front, and why others cannot be."""
    gaps = [names for row in rows if (names := lacking(ledger.spec, row))]
    told = f"{words[0]}: {counted(len(rows), 'row')} {words[1]}, learned from and not evaluated here."
    if len(ledger.spec.goals) > 1:
        told += f" {own} of them {'is' if own == 1 else 'are'} on the front." if own else " None is on the front."
    if gaps:
        what = ", ".join(label(name) for name in dict.fromkeys(name for names in gaps for name in names))
        told += f" {len(gaps)} cannot be among the best, since not everything asked for is known of them: {what}."
    return told


def _ranked(ledger: Ledger, front: Sequence[Outcome]) -> list[Outcome]:
    """The front; for one objective the ten best."""
    if len(ledger.spec.goals) > 1:
        return list(front)
    return sorted((o for o in ledger.outcomes if o.feasible), key=lambda o: (o.losses, o.number))[:10]


def _candidates(ledger: Ledger, outcomes: Sequence[Outcome]) -> list[Block | None]:
    if not outcomes:
        return []
    goals = ledger.spec.goals
    names = list(dict.fromkeys([*(g.name for g in goals), *(x.property for x in ledger.spec.limits)]))
    heads, cells, flush = described(outcomes[:SHOWN])
    rows: list[list[Cell]] = [
        [o.name, *own,
         *(said(name, o, goals).removesuffix(quantity(title_of(goals, name))[1]) for name in names), o.origin, o.id]
        for o, own in zip(outcomes[:SHOWN], cells, strict=True)
    ]  # fmt: skip
    columns = ["", *heads, *(label(title_of(goals, name)) for name in names), "Proposed by", "Id"]
    numbers = [1 + k for k in flush] + list(range(1 + len(heads), 1 + len(heads) + len(names)))
    return [Heading(3, "Best candidates"), table(columns, rows, numbers=numbers, tall=len(rows) > 15)]


def described(outcomes: Sequence[Outcome]) -> tuple[list[str], list[list[Cell]], list[int]]:
    """What candidates are in a table: headings, cells (a row an outcome), and which of these columns are numbers.

    Parameters have a column each, behind the formula where there is one; more than twelve are one column of words.
    """
    parts = [parted(o.variables, o.composition) for o in outcomes]
    beside = {name for _, others in parts for name in others}
    names = [name for name in variable_names(outcomes) if name in beside]
    made = [bool(called) for called, _ in parts]
    if not 0 < len(names) <= MAX_COLUMNS or any(made) != all(made):
        return ["Candidate"], [[candidate(o)] for o in outcomes], []
    first: list[list[Cell]] = [[Typeset(called)] if called else [] for called, _ in parts]
    rows = [
        [*cells, *(shown(o.variables.get(name)) for name in names)] for o, cells in zip(outcomes, first, strict=True)
    ]
    texts = {name for o in outcomes for name, value in o.variables.items() if isinstance(value, str)}
    heads = [*(["Candidate"] if all(made) else []), *(label(name) for name in names)]
    numbers = [len(heads) - len(names) + k for k, name in enumerate(names) if name not in texts]
    return heads, rows, numbers


def hypervolume(ledger: Ledger) -> Section | None:
    """The hypervolume's trace."""
    figure = trace(ledger) if len(ledger.spec.goals) > 1 else None
    units = [quantity(titled(g.name, g.distance))[1] for g in ledger.spec.goals]
    what = f"units {', '.join(unit or '1' for unit in units)}" if any(units) else "objectives' units"
    note = f"Volume between the feasible candidates and the reference point, in the product of the {what}."
    note += "".join(f" {_remade(change)}" for change in ledger.changes if change.regards)
    return section("course", "Hypervolume", chart("trace", figure), paragraph(note, "note")) if figure else None


def _remade(change: Change) -> str:
    """What a change of the aims did to the trace."""
    what = " and ".join(change.regards).capitalize()
    who = f" by {change.by}" if change.by else ""
    when = f"after round {change.round}" if change.round else "before the first round ended"
    how = "with the reference point that goes with them" if change.anew else "against the same reference point"
    return f"{what} were changed {when}{who} (dashed line): the volumes of all rounds are those of the new ones, {how}."


def front_variables(ledger: Ledger, front: Sequence[Outcome]) -> Section | None:
    """What the front is made of."""
    if len(ledger.spec.goals) == 1:
        front = _ranked(ledger, front)
    figure = variables_chart(ledger, front)
    alloyed = bool(front) and all(o.composition for o in front)
    many = len(ledger.spec.goals) > 1
    where = "along the front" if many else "of the best candidates"
    thin = f"{MAX_BARS} of {len(front)} candidates, evenly spaced." if len(front) > MAX_BARS else ""
    heading = f"{'Compositions' if alloyed else 'Variables'} {where}"
    return section("materials", heading, chart("variables", figure), paragraph(thin, "note"))


def surrogate_quality(parities: Parities) -> Section | None:
    """Leave-one-out parity with its metrics, what speaks against each surrogate, and what it says of itself."""
    rows: list[list[Cell]] = [
        [label(p.title), len(p.measured),
         *(number(p.metrics.get(key), 3) for key in ("rmse", "mae", "r2", "spearman", "nlpd")),
         *(f"{100 * p.metrics[key]:.0f} %" if key in p.metrics else "–" for key in ("coverage_50", "coverage_95")),
         number(p.metrics.get("miscalibration_area"), 2)]
        for p in parities.outputs
    ]  # fmt: skip
    columns = ["Property", "n", "RMSE", "MAE", "R²", "Spearman", "−log density", "Inside 50 %", "Inside 95 %"]
    note = (
        "Each point is predicted from all others with the hyperparameters fixed; bars: one standard deviation. "
        "Miscalibration: mean distance between the share of points inside an interval and the share it promises, "
        "0 to 0.5."
    )
    wrong = [f"{label(p.title)}: {text}." for p in parities.outputs for text in doubts(p.metrics).values()]
    own = "\n".join(f"{label(p.title)}: {text}" for p in parities.outputs for text in p.notes)
    return section(
        "trust",
        "Can the surrogates be trusted?",
        paragraph(parities.note, "warn"),
        chart("parity", candidate_charts.parity(parities.outputs)),
        paragraph(note if rows else "", "note"),
        table([*columns, "Miscalibration"], rows, numbers=range(1, 10)) if rows else None,
        [paragraph(text, "warn") for text in wrong],
        Folded("What the surrogates say of themselves", own) if own else None,
    )


def _yaml(content: object) -> str:
    text: str = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
    return text
