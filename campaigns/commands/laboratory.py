"""This file is the commands of a campaign led by hand: suggest, tell, return, change, predict."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.commands.arguments import Folder, Overrides, campaign_file
from eutectic.campaigns.commands.predictions import predictions, predictions_json
from eutectic.campaigns.commands.printing import suggestions, suggestions_json
from eutectic.campaigns.errors import CampaignFolderError
from eutectic.campaigns.file import examples
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.hand.adding import OutsideSpace, sorted_words, variable_names
from eutectic.campaigns.hand.advice import no_measurement
from eutectic.campaigns.hand.leasing import LEASE_S
from eutectic.campaigns.hand.sheet import Row, measured_names, read, sheet
from eutectic.campaigns.hand.words import Dialect, MeasuredValues, from_words, pairs, pointed, refusal
from eutectic.campaigns.loop.context import context_of, situated
from eutectic.campaigns.loop.outside import left_outside
from eutectic.campaigns.loop.routing import instructions, needed, waits
from eutectic.campaigns.problem import build
from eutectic.campaigns.record.journal import holds_campaign
from eutectic.campaigns.record.outcomes import Outcome
from eutectic.campaigns.sharing import batches, notes_since
from eutectic.campaigns.telling import checked, held, suggested, tell_rows, undone
from eutectic.generators.abilities import contexts, names
from eutectic.oracles.base import Value
from eutectic.oracles.tables.sheet import refuse_dialect

Separator = Annotated[
    str,
    typer.Option(
        "--separator", metavar="CHARACTER", help="Of sheets and curves' files: what stands between two cells."
    ),
]
Decimal = Annotated[Literal[".", ","], typer.Option("--decimal", help="What stands before the decimals of a number.")]
Validation = Annotated[bool, typer.Option("--validation", help="Of one of the best, measured once more at the end.")]
Add = Annotated[bool, typer.Option("--add", help="A result never suggested: all variables and what was measured.")]
Kept = Annotated[
    list[Path] | None,
    typer.Option("--file", exists=True, dir_okay=False, help="With --id: a small file to keep with it; repeatable."),
]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who says so; kept with it.")]
Why = Annotated[str, typer.Option("--why", metavar="TEXT", help="Why; kept with it.")]


def suggest(
    place: Annotated[str, typer.Argument(metavar="DIR|FILE", help="The campaign's folder, or a file to begin one.")],
    n: Annotated[int, typer.Option("-n", min=1, help="How many candidates.")] = 1,
    format: Annotated[Literal["table", "json"], typer.Option(help="How to print them.")] = "table",
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Write a sheet to print and to fill in.")
    ] = None,
    context: Annotated[
        list[str] | None,
        typer.Option("--context", metavar="VARIABLE=VALUE", help="What is measured and not chosen; again and again."),
    ] = None,
    home: Annotated[
        Path | None, typer.Option("--dir", help="With FILE: where to keep the campaign; runs/NAME by default.")
    ] = None,
    overrides: Overrides = None,
    separator: Separator = ",",
    decimal: Decimal = ".",
    holder: Annotated[
        str, typer.Option("--holder", metavar="NAME", help="Who makes them: nobody else is given these meanwhile.")
    ] = "",
    lease_s: Annotated[
        float, typer.Option("--lease-s", metavar="SECONDS", help="With --holder: for how long.")
    ] = LEASE_S,
) -> None:
    """Propose candidates to evaluate by hand.

    Those proposed before and not evaluated yet come first, so that asking twice shows the same; a larger -n proposes
    more. Tell the campaign what came out with `campaign tell`; what is not told is evaluated by the next `resume`.
    A campaign file in place of a folder begins its campaign, to be led by hand.
    """
    with _begun(place, home, overrides or (), context_of(context or ())) as campaign:
        folder, before = campaign.folder, batches(campaign)
        outcomes, note = suggested(campaign, n, context_of(context or ()), holder, lease_s)
        beyond = left_outside(campaign.problem, campaign.logbook.record, outcomes)
        shown = (outcomes, campaign.problem.spec, instructions(campaign.problem), beyond)
        order = names(campaign.problem.generator) or ()
        typer.echo(suggestions_json(*shown) if format == "json" else suggestions(*shown, order))
        left = [f"outside the space, and not wanted: campaign return {folder} ID"] if beyond else []
        for said in [*left, *notes_since(campaign, before)]:
            typer.echo(f"note: {said}", err=True)
        if csv is not None:
            written = sheet(outcomes, campaign.problem, _dialect(separator, decimal))
            csv.write_text(written, encoding="utf-8")
            options = _spoken(separator, decimal)
            typer.echo(
                f"wrote {csv}; filled in, as far as it is: campaign tell {folder} --csv {csv}{options}", err=True
            )
        if note:
            typer.echo(note, err=True)


def _begun(place: str, home: Path | None, overrides: Sequence[str], context: Mapping[str, Value]) -> Campaign:
    """The campaign of a folder, or a new one of a file; what comes next is said on standard error.

    The folder of a new campaign is not written before its context is known to be complete.
    """
    if not Path(place).is_file() and examples.bundled(place) is None and Path(place).suffix not in (".yaml", ".yml"):
        if home is not None or overrides:
            raise typer.BadParameter(f"--dir and --set begin a campaign; to change this one: campaign change {place}")
        return Campaign.open(place)
    path = campaign_file(place)
    spec = CampaignSpec.from_file(path, overrides)
    situated(build.build(spec, path.absolute().parent, engines=False), context)
    target = Path("runs") / spec.name if home is None else home
    if holds_campaign(target):
        raise CampaignFolderError(f"{target} already holds a campaign; go on with it: campaign suggest {target}")
    campaign = Campaign.from_yaml(path, target, overrides)
    measured = " ".join(f"{name}=..." for name in measured_names(campaign.problem))
    typer.echo(f"began {target}; what came out: campaign tell {target} --id ID {measured}", err=True)
    seen = "".join(f" --context {name}=..." for name in contexts(campaign.problem.generator))
    typer.echo(f"and the next ones: campaign suggest {target}{seen}", err=True)
    return campaign


def tell(
    folder: Folder,
    words: Annotated[list[str] | None, typer.Argument(metavar="PROPERTY=VALUE", help="Measured values.")] = None,
    id: Annotated[
        str | None, typer.Option("--id", help="The candidate: its number, its id, or how the id begins.")
    ] = None,
    csv: Annotated[
        Path | None, typer.Option(help="A sheet: a column id (or number), a column a property; also failed, note, by.")
    ] = None,
    add: Add = False,
    failed: Annotated[
        str | None, typer.Option(metavar="TEXT", help="It gave no values, and why; never asked for again.")
    ] = None,
    infrastructure: Annotated[
        bool, typer.Option("--infrastructure", help="With --failed: not the sample's fault, make it again.")
    ] = False,
    repeat: Annotated[bool, typer.Option("--repeat", help="Another measurement of the same sample.")] = False,
    validation: Validation = False,
    correct: Annotated[bool, typer.Option("--correct", help="What was told before was wrong.")] = False,
    measurement: Annotated[int | None, typer.Option(min=1, help="With --correct: which of several.")] = None,
    note: Annotated[str, typer.Option(metavar="TEXT", help="A remark about the candidate.")] = "",
    file: Kept = None,
    why: Why = "",
    by: By = "",
    separator: Separator = ",",
    decimal: Decimal = ".",
) -> None:
    """Tell a campaign what came out.

    PROPERTY=VALUE, and PROPERTY_std=VALUE for its standard error; or a sheet, told again whenever it grew.
    """
    if sum([id is not None, csv is not None, add]) != 1:
        raise typer.BadParameter("give one of --id ID property=value..., --csv FILE, --add name=value...")
    _require_together(id, csv, failed, infrastructure, correct, measurement, repeat, why, words or [], file or [], note)
    _require_validation(validation, id is not None and not (correct or repeat or infrastructure))
    dialect = _dialect(separator, decimal)
    with Campaign.open(folder) as campaign:
        if csv is not None:
            typer.echo(_tell_sheet(campaign, csv, folder, repeat, by, dialect))
        elif add:
            typer.echo(_add(campaign, words or [], folder, repeat, by, note, failed or "", dialect))
        elif validation:
            typer.echo(_tell_validation(campaign, id or "", words or [], failed, folder, by, note, dialect))
        elif failed is not None:
            outcome = campaign.fail(id or "", failed, infrastructure, by, note)
            typer.echo(f"candidate {outcome.number} {'waits again' if infrastructure else 'has failed'}: {failed}")
        elif correct:
            typer.echo(_correct(campaign, id or "", words, dialect, why, measurement, by, note))
        elif note and not words:
            typer.echo(f"noted of {_called(campaign.note(id or '', note, by))}")
        elif words or not file:
            typer.echo(_tell_one(campaign, id or "", _answer(campaign, words, dialect), folder, repeat, by, note))
        for path in file or ():
            typer.echo(_keep(campaign, id or "", path, by))


def _keep(campaign: Campaign, id: str, path: Path, by: str) -> str:
    """What was done with a file."""
    return f"{path.name} is kept with {_called(campaign.attach(id, path.name, path.read_bytes(), by=by))}"


def _require_together(
    id: str | None,
    csv: Path | None,
    failed: str | None,
    infrastructure: bool,
    correct: bool,
    measurement: int | None,
    repeat: bool,
    why: str,
    words: list[str],
    files: list[Path],
    note: str,
) -> None:
    """Refuse options that say nothing, or two things, together."""
    if note and csv is not None:
        raise typer.BadParameter("--note is of one candidate; in a sheet the column `note` has them")
    if files and id is None:
        raise typer.BadParameter("--file is kept with one candidate: --id ID")
    if (correct and id is None) or (failed is not None and csv is not None):
        raise typer.BadParameter("--failed and --correct are about one candidate: --id ID")
    if infrastructure and (failed is None or id is None):
        raise typer.BadParameter("--infrastructure goes with --failed TEXT, of one candidate: --id ID")
    if (measurement is not None or why) and not correct:
        raise typer.BadParameter("--measurement and --why go with --correct")
    if sum([failed is not None, correct, repeat]) > 1:
        raise typer.BadParameter("--failed, --correct and --repeat exclude each other")
    if words and (csv is not None or (failed is not None and id is not None)):
        raise typer.BadParameter(f"'{words[0]}' has no place beside {'--csv' if csv is not None else '--failed'}")


def _require_validation(wanted: bool, alone: bool) -> None:
    """Refuse --validation beside what it cannot go with."""
    if wanted and not alone:
        raise typer.BadParameter("--validation goes with --id ID, and values or --failed")


def _tell_validation(
    campaign: Campaign,
    id: str,
    words: list[str],
    failed: str | None,
    folder: Path,
    by: str,
    note: str,
    dialect: Dialect,
) -> str:
    """What was done with one of the best, measured once more."""
    values = from_words(words, (), dialect) if failed is None else MeasuredValues({}, {})
    outcome = campaign.tell_validation(id, values.values, values.errors, failed or "", by, note)
    return f"told {folder} about the validation of {_called(outcome)}"


def _correct(
    campaign: Campaign,
    id: str,
    words: Sequence[str] | None,
    dialect: Dialect,
    why: str,
    measurement: int | None,
    by: str,
    note: str,
) -> str:
    """What was put right."""
    answer = _answer(campaign, words, dialect, correcting=True)
    before = len(campaign.find(id).remarks)
    outcome = campaign.correct(id, {**answer.values, **answer.context}, answer.errors, why, measurement, by, note)
    news = [remark.text for remark in outcome.remarks[before:] if remark.text.startswith("corrected ")]
    said = f"{_called(outcome)} {news[0] if news else 'was told so already: nothing is changed'}"
    return said + _became(campaign, outcome)


def _answer(
    campaign: Campaign, words: Sequence[str] | None, dialect: Dialect, correcting: bool = False
) -> MeasuredValues:
    """What was typed; the campaign knows which names are context, and which are variables, which nobody measures."""
    for name in pairs(words or []):
        if told := no_measurement(campaign.problem, name):
            raise refusal(told)
    return from_words(words or [], contexts(campaign.problem.generator), dialect, correcting)


def _tell_one(
    campaign: Campaign, id: str, answer: MeasuredValues, folder: Path, repeat: bool, by: str, note: str
) -> str:
    """What was done with one candidate's values."""
    before = campaign.find(id)
    plain = not (repeat or note or answer.context)
    if plain and before.status == "finished" and held(campaign, before, Row("", id, {}, answer.values, answer.errors)):
        return f"{folder} held this already"
    outcome = campaign.tell(id, {**answer.values, **answer.context}, answer.errors, repeat, by, note)
    many = len(outcome.measurements)
    said = f"told {folder} about {_called(outcome)}{f', measured {many} times' if many > 1 else ''}"
    return said + undone(before, outcome) + _became(campaign, outcome)


def _became(campaign: Campaign, outcome: Outcome) -> str:
    """What a telling has made of a candidate, where that is not its end: what is missing, or why it counts for less."""
    if outcome.status in ("failed", "refused"):
        return f"; it is {outcome.status}: {outcome.error}"
    missing = [name for name in needed(campaign.problem) if name not in outcome.values]
    return f"; not known yet: {', '.join(missing)}" if missing else ""


def _dialect(separator: str, decimal: str) -> Dialect:
    """How a sheet is written; CampaignFileError where that cannot be."""
    try:
        refuse_dialect(separator, decimal)
    except ValueError as error:
        raise refusal(str(error)) from None
    return Dialect(separator, decimal)


def _spoken(separator: str, decimal: str) -> str:
    """The options that say how a sheet is written, as typed; "" for what is understood anyway."""
    own = f" --separator '{separator}'" if separator != "," else ""
    return own + (f" --decimal {decimal}" if decimal != "." else "")


def _tell_sheet(campaign: Campaign, csv: Path, folder: Path, repeat: bool, by: str, dialect: Dialect) -> str:
    """What was done with a sheet."""
    others = [*(limit.name for limit in campaign.problem.spec.limits), "error"]
    rows = checked(read(csv, variable_names(campaign.problem), others, dialect))
    empty = sum(row.empty for row in rows)
    news, failures = tell_rows(campaign, rows, repeat, by)
    rest = [f"{k} {what}" for k, what in ((len(rows) - empty - news, "known before"), (empty, "not filled in")) if k]
    return f"told {folder} about {news} {'candidate' if news == 1 else 'candidates'}{'; ' if rest else ''}" + (
        ", ".join(rest) + "".join(failures)
    )


def _add(
    campaign: Campaign, words: list[str], folder: Path, repeat: bool, by: str, note: str, failed: str, dialect: Dialect
) -> str:
    """What was done with a result that was never suggested."""
    variables, values, errors = sorted_words(campaign.problem, pairs(words), dialect)
    if failed and values:
        raise refusal(f"{', '.join(values)} has no place beside --failed: it gave no values")
    with warnings.catch_warnings(record=True, action="always", category=OutsideSpace) as beyond:
        outcome = campaign.add(variables, values, errors, repeat, by, note, failed=failed)
    where = f"; {str(beyond[0].message).partition(': ')[2]}" if beyond else ""
    became = "" if failed else _became(campaign, outcome)
    return f"told {folder} about {_called(outcome)} ({outcome.id}){where}{became}"


def give_back(
    folder: Folder,
    id: Annotated[str, typer.Argument(metavar="ID", help="The candidate: its number, its id, or how the id begins.")],
    never: Annotated[bool, typer.Option("--never", help="Never ask for it again.")] = False,
    why: Why = "",
    by: By = "",
) -> None:
    """Say that a candidate is not made.

    Its place in the budget is free again, and it may be asked for again unless --never says otherwise.
    """
    with Campaign.open(folder) as campaign:
        outcome = campaign.return_(id, never, why, by)
    typer.echo(f"candidate {outcome.number} ({outcome.id}) {outcome.remarks[-1].text}")


def change(
    folder: Folder,
    overrides: Overrides = None,
    given: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="VARIABLE=VALUE", help="What a new variable was in all that was made so far."),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Only say what would change.")] = False,
    by: By = "",
) -> None:
    """Change a campaign while its data are kept.

    --set KEY=VALUE, dots between nested keys: budget, bounds, steps, an element more, objectives, constraints,
    surrogates, optimizers, executor. An oracle's settings do not change: values could not be compared.
    """
    if not overrides:
        raise typer.BadParameter("say what changes: --set budget.evaluations=120")
    with Campaign.open(folder) as campaign:
        changed = campaign.change(overrides, by, check, {**pairs(given or ())})
    typer.echo("\n".join(changed.differences))
    for note in changed.notes:
        typer.echo(f"note: {note}", err=True)
    by_hand = any(waits(named) for named in changed.problem.oracles)
    onward = f"to go on: campaign {'suggest' if by_hand else 'resume'} {folder}"
    rest = "nothing was changed yet: leave out --check" if check else onward
    typer.echo(rest, err=True)


def predict(
    folder: Folder,
    words: Annotated[list[str] | None, typer.Argument(metavar="NAME=VALUE", help="Every variable.")] = None,
    csv: Annotated[Path | None, typer.Option(help="A table: a column a variable, a row a candidate.")] = None,
    format: Annotated[Literal["table", "json"], typer.Option(help="How to print it.")] = "table",
    separator: Separator = ",",
    decimal: Decimal = ".",
) -> None:
    """Say what is expected of any candidate.

    Mean, standard deviation and 95 % interval of each property (of its noise-free value), the probability of being
    feasible, and the nearest that was measured.
    """
    if bool(words) == (csv is not None):
        raise typer.BadParameter("give either NAME=VALUE for every variable or --csv FILE")
    with Campaign.open(folder) as campaign:
        known, dialect = variable_names(campaign.problem), _dialect(separator, decimal)
        typed = {name: pointed(text, decimal) for name, text in pairs(words or []).items()}
        points = [typed] if csv is None else [row.variables for row in read(csv, known, (), dialect)]
        found, goals = campaign.predict(points), campaign.problem.spec.goals
    typer.echo(predictions_json(found) if format == "json" else predictions(found, goals))


def _called(outcome: Outcome) -> str:
    """`candidate 12`; what was never suggested by where it is from."""
    kind = "failure" if outcome.status == "failed" else "result"
    return f"candidate {outcome.number}" if outcome.number > 0 else f"a {kind} {outcome.origin}"
