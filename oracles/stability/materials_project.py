"""This file is the download of computed entries from the Materials Project, once, into a file that stays."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

from eutectic.oracles.base import EngineMissing

KEY = "MP_API_KEY"


def download(elements: Sequence[str], thermo_type: str, file: str) -> None:
    """Write all entries of the chemical system of these elements to a JSON file.

    EngineMissing, with the cure, when the package or the key is missing or the server does not answer.
    """
    key = os.environ.get(KEY, "")
    if not key:
        raise EngineMissing(
            f"{file} is not there, and no key to fetch it: `export {KEY}=...` (materialsproject.org/api)"
        )
    try:
        from mp_api.client import MPRester  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        raise EngineMissing("references from the Materials Project need its client: `pip install mp-api`") from None
    try:
        with MPRester(key) as server:  # its constructor contacts the server
            entries = server.get_entries_in_chemsys(list(elements), additional_criteria={"thermo_types": [thermo_type]})
    except Exception as error:  # whatever a network or a server may raise
        raise EngineMissing(
            f"the Materials Project gave no entries ({type(error).__name__}: {error}); try again, or put them in {file}"
        ) from error
    rows = [
        {
            "entry_id": str(entry.entry_id),
            "composition": {str(e): float(n) for e, n in entry.composition.get_el_amt_dict().items()},
            "energy": float(entry.uncorrected_energy),
            "correction": float(entry.correction),
        }
        for entry in entries
    ]
    partial = Path(f"{file}.{uuid4().hex[:12]}.part")
    partial.write_text(json.dumps(rows), encoding="utf-8")
    partial.replace(file)
