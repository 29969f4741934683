"""This file is where the bundled example campaigns are found, and how they are written out for editing."""

import ast
from importlib.resources import files
from pathlib import Path

import yaml

from eutectic.campaigns.errors import CampaignFileError, CampaignFolderError, Complaint, nearest_name

SCHEMA = "campaign.schema.json"
"""The JSON Schema that the first line of every example points an editor to."""


def folder() -> Path:
    """Where the examples lie: beside the installed package, or at the root of a checkout."""
    here = Path(str(files("eutectic"))).resolve()
    return next(place for place in (here / "examples", here.parent / "examples") if place.is_dir())


def names() -> list[str]:
    """The bundled examples' names, without `.yaml`."""
    return sorted(path.stem for path in folder().glob("*.yaml"))


def bundled(name: str) -> Path | None:
    """The campaign file of the example called `name` or `name.yaml`; None when there is none."""
    stem = name.removesuffix(".yaml")
    return folder() / f"{stem}.yaml" if stem in names() else None


def summary(name: str) -> str:
    """The first sentence of an example's opening comment."""
    lines = (folder() / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    told = (line.removeprefix("#").strip() for line in lines if line.startswith("#") and "$schema" not in line)
    return next((line for line in told if line), "")


def nothing_called(name: str) -> CampaignFileError:
    """The error for a name that is neither a file nor an example."""
    stem, known = name.removesuffix(".yaml"), names()
    words = {word: example for example in reversed(known) for word in example.split("_")}
    nearest = nearest_name(stem, known) or words.get(nearest_name(stem, words) or "")
    hint = f"did you mean the example '{nearest}'? " if nearest else ""
    message = f"no such file, and no bundled example of that name; {hint}examples: {', '.join(names())}"
    return CampaignFileError([Complaint((), message, name)])


def parts(name: str) -> list[Path]:
    """Every file of an example: the campaign file and what shares its stem (a table, a module)."""
    stem = name.removesuffix(".yaml")
    return sorted(path for path in folder().iterdir() if path.stem == stem and path.is_file())


def by_hand(path: Path) -> bool:
    """Does a person measure in the example at `path`?"""
    return any(part["use"] == "person" for part in yaml.safe_load(path.read_text(encoding="utf-8"))["oracles"])


def lacking(path: Path) -> dict[str, list[str]]:
    """Tables an example at `path` reads and its user has to supply: file name -> columns."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    found: dict[str, list[str]] = {}
    for part in (content["space"], *content["oracles"]):
        file = part.get("file")
        if file and not (path.parent / file).exists():
            columns = part.get("columns") or [*part.get("features", ()), *part.get("properties", ())]
            found[file] = list(dict.fromkeys([*found.get(file, ()), *columns]))
    own = _asked_for(path.with_suffix(".py"))
    return found | {file: list(columns) for file, columns in own.items() if not (path.parent / file).exists()}


def _asked_for(module: Path) -> dict[str, tuple[str, ...]]:
    """What an example's module says of its tables, `YOURS = {file: columns}`; the module is read, not run."""
    statements = ast.parse(module.read_text(encoding="utf-8")).body if module.exists() else []
    for statement in statements:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "YOURS":
            said: dict[str, tuple[str, ...]] = ast.literal_eval(statement.value)
            return said
    return {}


def write(name: str, target: Path) -> list[Path]:
    """Copy an example's files into `target`, the campaign file first.

    CampaignFolderError, before anything is written, when one of them is there already.
    """
    ordered = sorted(parts(name), key=lambda part: part.suffix != ".yaml")
    copies = {target / part.name: part for part in ordered}
    for copy in copies:
        if copy.exists():
            raise CampaignFolderError(f"{copy} exists and is left as it is; choose another folder: --dir DIR")
    for copy, part in copies.items():
        copy.write_bytes(part.read_bytes())
    return list(copies)
