"""This file is the record as others read it: CSV, JSON, CIF, a Python Workflow Definition, and the Pareto front."""

import csv
import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from eutectic.campaigns.analysis.pareto import front
from eutectic.campaigns.analysis.table import finite, table
from eutectic.campaigns.errors import unknown
from eutectic.campaigns.exports.structures import to_structures
from eutectic.campaigns.exports.workflow import definition
from eutectic.campaigns.record.outcomes import Ledger, Outcome
from eutectic.oracles.structures.files import as_cif

__all__ = ["FORMATS", "dumps", "natural_reference", "pareto_json", "table", "to_cif", "to_csv", "to_json", "to_pwd"]


def exported(ledger: Ledger, format: str, path: str | Path | None = None) -> str:
    """The record in a format of FORMATS, written to `path` where one is given; ValueError for another format."""
    if format not in FORMATS:
        raise ValueError(unknown("format", format, FORMATS))
    text = FORMATS[format](ledger)
    if path is not None:
        Path(path).write_text(text, encoding="utf-8")
    return text


def to_csv(ledger: Ledger) -> str:
    """The table as CSV (RFC 4180 quoting, line feeds); full precision, an empty cell where there is no value."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    names, rows = table(ledger)
    writer.writerow(names)
    writer.writerows(rows)
    return stream.getvalue()


def to_json(ledger: Ledger) -> str:
    """Everything: the resolved campaign file, facts, rounds, and every evaluation with the reason it was proposed."""
    names, rows = table(ledger)
    called = {outcome.number: outcome.name for outcome in ledger.outcomes}
    content = {
        "campaign": ledger.spec.dump(),
        "state": ledger.state,
        "facts": dict(ledger.facts),
        "reference": natural_reference(ledger),
        "rounds": [
            {"round": r.number, "hypervolume": r.hypervolume, "diagnostics": r.diagnostics} for r in ledger.rounds
        ],
        "evaluations": [dict(zip(names, row, strict=True)) for row in rows],
        "decisions": [_decision(outcome, called) for outcome in ledger.outcomes],
    }
    return dumps(content)


def _decision(outcome: Outcome, called: Mapping[int, str]) -> dict[str, object]:
    reason = outcome.reason
    return {
        "id": outcome.id,
        "number": outcome.proposal,
        "name": outcome.name,
        "proposer": reason.proposer,
        "acquisition": reason.acquisition,
        "predicted_mean": reason.mean,
        "predicted_std": reason.std,
        "feasibility": reason.feasibility,
        "neighbour": None if outcome.neighbour is None else called.get(outcome.neighbour, outcome.neighbour),
        "distance": outcome.distance,
        **_by_hand(outcome),
    }


def _by_hand(outcome: Outcome) -> dict[str, object]:
    """What people measured and said of a candidate; nothing where nobody did."""
    measurements = [asdict(m) for m in outcome.measurements if len(outcome.measurements) > 1]
    remarks = [asdict(remark) for remark in outcome.remarks]
    return {name: said for name, said in (("measurements", measurements), ("remarks", remarks)) if said}


def to_cif(ledger: Ledger) -> str:
    """Every structure that an evaluation recorded, else that was proposed, one data block each, in one CIF.

    Raises ValueError when the campaign has no structure.
    """
    blocks = cif_blocks(ledger)
    if not blocks:
        raise ValueError(
            "no evaluation of this campaign recorded a structure, so there is nothing to write as CIF; "
            "`--format csv` has compositions and variables"
        )
    return "\n".join(blocks.values())


def cif_blocks(ledger: Ledger) -> dict[str, str]:
    """CIF texts by a name of their own, which is also that of their data block.

    Those among the artifacts; of a candidate that has none, the structure that was proposed.
    """
    blocks = {}
    for outcome in ledger.outcomes:
        told = [
            (f"{evaluation.oracle}_{name[:-4]}", text)
            for evaluation in outcome.evaluations
            for name, text in evaluation.artifacts.items()
            if name.endswith(".cif")
        ]
        if not told and outcome.structure is not None:
            told = [("proposed", _cif(outcome.structure))]
        for name, text in told:
            called = f"{outcome.number}_{outcome.id}_{name}"
            blocks[called] = re.sub(r"^data_\S*", f"data_{called}", text, count=1, flags=re.M)
    return blocks


def _cif(structure: Mapping[str, object]) -> str:
    from pymatgen.core import Structure

    return as_cif(Structure.from_dict(dict(structure)))


def to_pwd(ledger: Ledger) -> str:
    """A Python Workflow Definition that evaluates the Pareto front again: for pyiron, AiiDA, jobflow, executorlib."""
    return dumps(definition(ledger))


def pareto_json(ledger: Ledger) -> str:
    """The Pareto front as `campaign pareto --format json` prints it."""
    candidates = [
        {
            "id": outcome.id,
            "variables": dict(outcome.variables),
            "values": {name: finite(value) for name, value in outcome.values.items()},
            "feasible": outcome.feasible,
            "errors": {name: finite(error) for name, error in outcome.errors.items()},
            "number": outcome.proposal,
            "name": outcome.name,
        }
        for outcome in front(ledger)
    ]
    content = {
        "objectives": [goal.name for goal in ledger.spec.goals],
        "reference": natural_reference(ledger),
        "hypervolume": ledger.hypervolume,
        "candidates": candidates,
    }
    return dumps(content)


def natural_reference(ledger: Ledger) -> list[float] | None:
    """The hypervolume's reference point in natural units, as given; one chosen for a target lies above the target."""
    if ledger.reference is None:
        return None
    pairs = zip(ledger.spec.goals, ledger.reference, strict=True)
    return [float(g.natural(loss + g.tolerance)) if g.reference is None else g.reference for g, loss in pairs]


def dumps(content: object) -> str:
    """JSON text, indented, standard (no NaN), readable in any script; ends in a line feed."""
    return json.dumps(_plain(content), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(content: object) -> object:
    """The same with NaN and infinity as null, and mappings and sequences as JSON has them."""
    if isinstance(content, float):
        return finite(content)
    if isinstance(content, Mapping):
        return {str(key): _plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_plain(item) for item in content]
    return content if isinstance(content, str | int | None) else str(content)


FORMATS: Mapping[str, Callable[[Ledger], str]] = {
    "csv": to_csv,
    "json": to_json,
    "cif": to_cif,
    "pymatgen": to_structures,
    "pwd": to_pwd,
}
"""What `campaign export --format` writes as text."""
