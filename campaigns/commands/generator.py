"""This file is the command that works with generators of crystals alone: sample, evaluate, card, train."""

import inspect
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from eutectic.campaigns.commands.crystals import (
    asked_for,
    drawn,
    engine_of,
    evaluated,
    read_structures,
    refusal,
    write_structures,
)
from eutectic.campaigns.tracking import training
from eutectic.generators.structures.generated import Described, Trained

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)

Engine = Annotated[str, typer.Option("--engine", help="Which engine; `campaign plugins` lists them.")]
Setting = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="An option of the engine; again and again.")
]
Elements = Annotated[str, typer.Option(help="Elements that may appear, such as Li,Fe,P,O.")]
Required = Annotated[str, typer.Option(help="Elements that must appear.")]
Formula = Annotated[str, typer.Option(help="The exact reduced formula, such as LiFePO4.")]
Atoms = Annotated[str, typer.Option(help="Fewest and most atoms of the primitive cell, such as 4-12.")]
Group = Annotated[list[int] | None, typer.Option("--space-group", help="A space group, 1 to 230; again and again.")]
Target = Annotated[
    list[str] | None, typer.Option("--target", metavar="PROPERTY=VALUE", help="What to aim at; again and again.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.callback()
def generator() -> None:
    """Draw crystals, judge them, train and describe engines."""


@app.command()
def sample(
    output: Annotated[Path, typer.Option("-o", "--output", help="A folder for CIF files, or a file .extxyz.")],
    n: Annotated[int, typer.Option("-n", min=1, help="How many draws.")] = 20,
    engine: Engine = "wyckoff",
    settings: Setting = None,
    elements: Elements = "",
    required: Required = "",
    formula: Formula = "",
    atoms: Atoms = "1-20",
    space_group: Group = None,
    target: Target = None,
    guidance: Annotated[float, typer.Option(min=0.0, help="How strongly targets press.")] = 1.0,
    first: Annotated[
        int, typer.Option("--first", min=0, help="Number of the first draw: the same gives the same.")
    ] = 0,
    as_json: Json = False,
) -> None:
    """Draw crystals and write them to files."""
    part = engine_of(engine, settings or [])
    wanted = asked_for(elements, required, formula, atoms, space_group or [], target or [], guidance)
    crystals, refusals = drawn(part, engine, wanted, range(first, first + n))
    written = write_structures(output, crystals, engine)
    if as_json:
        typer.echo(json.dumps({"crystals": written, "refused": refusals}, indent=2))
        return
    for row in written:
        size = f"{row['space_group'] or '-':>4}  {row['atoms']:>3} atoms"
        typer.echo(f"{row['draw']:>6}  {row['formula']:20} {size}  {row['file']}")
    typer.echo(f"{len(written)} of {n} draws gave a crystal, in {output}", err=True)
    for reason, count in refusals.items():
        typer.echo(f"{count} refused: {reason}", err=True)


@app.command()
def evaluate(
    structures: Annotated[str, typer.Argument(help="Folder, structure file or CSV of crystals to be judged.")],
    reference: Annotated[str, typer.Option(help="Known crystals, the same kinds of source: for novelty.")] = "",
    relax: Annotated[str, typer.Option(help="A calculator of `mlip` to relax with, such as chgnet.")] = "",
    hull: Annotated[str, typer.Option(help="CSV of formulas and formation energies (eV/atom) for the hull.")] = "",
    formula_column: Annotated[str, typer.Option(help="Its column of formulas.")] = "formula",
    energy_column: Annotated[str, typer.Option(help="Its column of energies.")] = "energy",
    column: Annotated[str, typer.Option(help="Of a CSV of structures, the column that holds them.")] = "",
    most: Annotated[
        int, typer.Option(min=1, help="Crystals that are relaxed, the first of those that could be any.")
    ] = 100,
    as_json: Json = False,
) -> None:
    """Say how valid, unique, new and (with --relax and --hull) stable crystals are; every rate with n and interval."""
    made = read_structures(structures, column)
    told = evaluated(made, reference, relax, hull, (formula_column, energy_column), most)
    if as_json:
        typer.echo(json.dumps([one.to_json() for one in told], indent=2))
        return
    for one in told:
        typer.echo(one.line())


@app.command()
def card(
    engine: Annotated[str, typer.Argument(help="An engine's name, or the folder or file of a checkpoint.")] = "wyckoff",
    settings: Setting = None,
) -> None:
    """Say what an engine is: its weights, what it understands and costs."""
    path = Path(engine)
    name = "card.json" if path.is_dir() else f"{path.name.removesuffix('.safetensors')}.card.json"
    beside = path / name if path.is_dir() else path.with_name(name)
    if path.exists():
        if not beside.exists():
            raise typer.BadParameter(f"{engine} has no card.json", param_hint="ENGINE")
        typer.echo(beside.read_text(encoding="utf-8"))
        return
    part = engine_of(engine, settings or [])
    content: dict[str, Any] = {
        "engine": engine,
        "identity": part.checkpoint,
        "understands": sorted(part.understands()),
        "seconds_each": part.seconds_each,
    }
    typer.echo(json.dumps(content | (part.card() if isinstance(part, Described) else {}), indent=2))


@app.command()
def train(
    data: Annotated[str, typer.Argument(help="Folder, structure file or CSV of crystals to learn from.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Folder of the checkpoint; taken up where it was left.")
    ],
    engine: Engine = "wyckoff",
    settings: Setting = None,
    minutes: Annotated[float, typer.Option(min=0.01, help="How long.")] = 60.0,
    begin: Annotated[
        str, typer.Option("--from", metavar="CHECKPOINT", help="Whose weights to begin with: wyckoff-1, or a file.")
    ] = "",
    mlflow: Annotated[
        str, typer.Option(metavar="URI", help="Log it there when it ends, such as sqlite:///mlflow.db.")
    ] = "",
    experiment: Annotated[str, typer.Option(help="MLflow's experiment.")] = training.EXPERIMENT,
) -> None:
    """Train an engine that learns, from crystals of your own."""
    part = engine_of(engine, settings or [], ready=False)
    if not isinstance(part, Trained):
        raise typer.BadParameter(f"{engine} learns nothing", param_hint="--engine")
    if begin and "begin" not in inspect.signature(part.train).parameters:
        raise typer.BadParameter(f"{engine} cannot begin with a checkpoint", param_hint="--from")
    state = "failed"
    try:
        if begin:
            part.train(data, output, minutes, _said, begin)
        else:
            part.train(data, output, minutes, _said)
        state = "done"
    except (ValueError, FloatingPointError) as error:
        raise refusal(str(error)) from None
    except KeyboardInterrupt:
        state = "stopped"
        raise
    finally:
        if mlflow:
            options = {"engine": engine, "data": data, "minutes": minutes, "from": begin, "settings": settings or []}
            _said(training.logged(mlflow, experiment, options, output, state))


def _said(text: str) -> None:
    """A line of progress."""
    typer.echo(text, err=True)
