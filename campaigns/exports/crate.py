"""This file is a campaign as a research object: a plain folder that describes itself (RO-Crate 1.1).

Everything the record says lies in it in open formats, and `ro-crate-metadata.json` (JSON-LD, schema.org's words) says
what each file is, which software made them, when, and what was measured: Zenodo, WorkflowHub, Dataverse and
NOMAD-like archives read it (Soiland-Reyes et al., Data Science 2022, doi:10.3233/DS-210053; specification
https://w3id.org/ro/crate/1.1).
"""

import mimetypes
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from eutectic.campaigns.analysis.pareto import front
from eutectic.campaigns.errors import CampaignFolderError
from eutectic.campaigns.exports.export import cif_blocks, dumps, to_csv, to_json, to_pwd
from eutectic.campaigns.exports.structures import to_structures
from eutectic.campaigns.file.secrets import masked
from eutectic.campaigns.record.attachments import FOLDER, Attachment, content_of
from eutectic.campaigns.record.journal import NAME
from eutectic.campaigns.record.outcomes import Ledger

METADATA = "ro-crate-metadata.json"
VERSION = "https://w3id.org/ro/crate/1.1"
UNLICENSED = "No licence is stated in this crate; ask its authors before using it."
"""A crate should say under which licence it stands; only its authors can."""


@dataclass(frozen=True, slots=True)
class Part:
    """One file of the crate."""

    path: str
    """In the crate, with forward slashes."""
    name: str
    """What it is, for people."""
    format: str
    """Media type."""


PARTS = (
    Part("campaign.yaml", "The campaign file: what was wanted, and how it was looked for", "application/yaml"),
    Part(NAME, "The journal: every event of the campaign, its only state", "application/vnd.sqlite3"),
    Part("evaluations.csv", "A row an evaluation: variables, properties, constraints, standard errors", "text/csv"),
    Part("campaign.json", "Everything recorded, with the reason each candidate was proposed", "application/json"),
    Part("report.html", "The report, which needs no network", "text/html"),
    Part("workflow.json", "The Pareto front to evaluate again: a Python Workflow Definition", "application/json"),
    Part("structures.json", "The structures that were recorded, as pymatgen writes them", "application/json"),
)
"""What a crate may hold beside its structures as CIF; the last two where there is a front, and where structures are."""


def write_crate(ledger: Ledger, target: Path, report: Callable[[Path], object], at: datetime | None = None) -> Path:
    """Write the crate into `target`, a new or empty folder, and return it.

    report: writes the report to a path. at: when it is published; now, when not given. ValueError when the folder holds
    something.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ValueError(f"{target} is not an empty folder; a crate needs one of its own: -o PATH")
    source = Path(ledger.folder)
    kept = _kept(ledger, source)
    target.mkdir(parents=True, exist_ok=True)
    (target / "campaign.yaml").write_bytes(_campaign_file(source, ledger))
    _copy_journal(source / NAME, target / NAME)
    for name, text in _texts(ledger):
        path = target / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(masked(text), encoding="utf-8")
    report(target / "report.html")
    written = [part for part in PARTS if (target / part.path).exists()]
    written += [_attached(owner, file, source, target) for file, owner in kept]
    written += [
        Part(f"structures/{path.name}", f"The structure {path.stem}", "chemical/x-cif")
        for path in sorted((target / "structures").glob("*.cif"))
    ]
    (target / METADATA).write_text(dumps(metadata(ledger, written, target, at or datetime.now(UTC))), encoding="utf-8")
    return target


def _campaign_file(source: Path, ledger: Ledger) -> bytes:
    """As it was written, without passwords; after a change, or where it is not kept, as it is now (JSON is YAML)."""
    kept = source / "campaign.yaml"
    if ledger.changes or not kept.exists():
        return masked(dumps(ledger.spec.dump())).encode()
    return masked(kept.read_text(encoding="utf-8")).encode()


def _copy_journal(source: Path, target: Path) -> None:
    """A whole copy, also while a process writes; passwords in addresses are masked, nothing is left of them."""
    here = f"{source.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(here, uri=True)) as journal, closing(sqlite3.connect(target)) as copy:
        journal.backup(copy)
        copy.create_function("masked", 1, masked, deterministic=True)
        copy.execute("UPDATE events SET body = masked(body) WHERE body IS NOT masked(body) AND body LIKE '%://%@%'")
        copy.commit()
        copy.execute("VACUUM")
        copy.execute("PRAGMA journal_mode=DELETE")


def _kept(ledger: Ledger, source: Path) -> list[tuple[Attachment, str]]:
    """What is kept with candidates, each content once, with whose it is; CampaignFolderError names all that is gone."""
    kept: dict[str, tuple[Attachment, str]] = {}
    for outcome in ledger.outcomes:
        for file in (remark.file for remark in outcome.remarks if remark.file is not None):
            kept.setdefault(file.sha256, (file, outcome.name))
    gone: list[str] = []
    for file, _ in kept.values():
        try:
            content_of(source, file)
        except CampaignFolderError as error:
            gone.append(str(error))
    if gone:
        raise CampaignFolderError(f"{'; '.join(gone)}; who has it tells it again: campaign tell --file")
    return list(kept.values())


def _attached(owner: str, file: Attachment, source: Path, target: Path) -> Part:
    """A file kept with a candidate, copied under its hash."""
    path = target / FOLDER / file.sha256
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content_of(source, file))
    media = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return Part(f"{FOLDER}/{file.sha256}", f"{file.name}, kept with candidate {owner}", media)


def _texts(ledger: Ledger) -> Iterator[tuple[str, str]]:
    """Path and content of what is text."""
    yield "evaluations.csv", to_csv(ledger)
    yield "campaign.json", to_json(ledger)
    if front(ledger):
        yield "workflow.json", to_pwd(ledger)
    blocks = cif_blocks(ledger)
    if blocks:
        yield "structures.json", to_structures(ledger)
        yield from ((f"structures/{name}.cif", text) for name, text in blocks.items())


def metadata(ledger: Ledger, parts: list[Part], folder: Path, at: datetime) -> dict[str, object]:
    """The content of `ro-crate-metadata.json`."""
    files = [
        {
            "@id": part.path,
            "@type": "File",
            "name": part.name,
            "encodingFormat": part.format,
            "contentSize": str((folder / part.path).stat().st_size),
        }
        for part in parts
    ]
    descriptor = {
        "@id": METADATA,
        "@type": "CreativeWork",
        "conformsTo": {"@id": VERSION},
        "about": {"@id": "./"},
    }
    measured = list(_measured(ledger))
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": f"Eutectic campaign {ledger.spec.name}",
        "description": _description(ledger),
        "datePublished": at.date().isoformat(),
        "license": UNLICENSED,
        "hasPart": [{"@id": file["@id"]} for file in files],
        "mentions": {"@id": "#campaign"},
        "variableMeasured": [{"@id": entry["@id"]} for entry in measured],
    }
    graph = [descriptor, root, *files, _action(ledger, parts), *_software(ledger), *measured]
    return {"@context": f"{VERSION}/context", "@graph": graph}


def _description(ledger: Ledger) -> str:
    goals = ", ".join(f"{goal.name} ({goal.kind})" for goal in ledger.spec.goals)
    best = len(front(ledger))
    return (
        f"A search for {goals}: {len(ledger.finished)} of {len(ledger.outcomes)} candidates have all their values, "
        f"{best} of them {'is' if best == 1 else 'are'} on the Pareto front. Files that the campaign file names "
        "(tables, potentials, modules) are not copied; the journal has the hashes of those that oracles read."
    )


def _action(ledger: Ledger, parts: list[Part]) -> dict[str, object]:
    """The campaign as what was done: from the file, with the software, to the results."""
    times = [o.finished_at for o in ledger.outcomes if o.finished_at is not None]
    begun = [batch.asked_at for batch in ledger.batches if batch.asked_at]
    status = {"done": "Completed", "failed": "Failed", "running": "Active"}.get(ledger.state, "Potential")
    action: dict[str, Any] = {
        "@id": "#campaign",
        "@type": "CreateAction",
        "name": f"The campaign {ledger.spec.name}",
        "instrument": {"@id": "#eutectic"},
        "object": {"@id": "campaign.yaml"},
        "result": [{"@id": part.path} for part in parts if part.path != "campaign.yaml"],
        "actionStatus": {"@id": f"http://schema.org/{status}ActionStatus"},
    }
    for name, moments in (("startTime", begun[:1]), ("endTime", sorted(times)[-1:])):
        if moments:
            action[name] = datetime.fromtimestamp(moments[0], UTC).isoformat(timespec="seconds")
    return action


def _software(ledger: Ledger) -> Iterator[dict[str, object]]:
    """What ran, in the versions of the campaign's beginning."""
    versions = ledger.facts.get("versions")
    known: Mapping[str, str] = versions if isinstance(versions, Mapping) else {}
    needed = [name for name in known if name != "eutectic"]
    yield {
        "@id": "#eutectic",
        "@type": "SoftwareApplication",
        "name": "Eutectic",
        "softwareVersion": known.get("eutectic", "not recorded"),
        "softwareRequirements": [{"@id": f"#{name}"} for name in needed],
    }
    for name in needed:
        yield {"@id": f"#{name}", "@type": "SoftwareApplication", "name": name, "softwareVersion": known[name]}


def _measured(ledger: Ledger) -> Iterator[dict[str, object]]:
    """The objectives and constrained properties, each with the range of its values."""
    for name in dict.fromkeys([*ledger.spec.objectives, *ledger.spec.constraints]):
        values = [outcome.values[name] for outcome in ledger.finished if name in outcome.values]
        entry: dict[str, object] = {"@id": f"#property-{name}", "@type": "PropertyValue", "name": name}
        yield {**entry, "minValue": min(values), "maxValue": max(values)} if values else entry
