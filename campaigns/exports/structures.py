"""This file is the structures that evaluations recorded as pymatgen's own JSON, which `monty` reads back as objects."""

import json
import warnings

from eutectic.campaigns.record.outcomes import Ledger

OCCUPANCY = 1.001
"""Up to this a site's occupancies may sum, rounded as they are in a CIF; pymatgen then scales them to one."""


def to_structures(ledger: Ledger) -> str:
    """A list of mappings: `structure` (pymatgen), `id`, `number`, `oracle`, `name`, `variables` and `values`.

    `monty.serialization.loadfn` of a file with this text gives the structures as `pymatgen` objects. ValueError when
    the campaign recorded none.
    """
    entries = []
    for outcome in ledger.outcomes:
        for evaluation in outcome.evaluations:
            for name, text in evaluation.artifacts.items():
                if not name.endswith(".cif"):
                    continue
                structure = _read(text, f"{name} of {outcome.name} by '{evaluation.oracle}'")
                entries.append(
                    {
                        "structure": structure,
                        "id": outcome.id,
                        "number": outcome.proposal,
                        "oracle": evaluation.oracle,
                        "name": name.removesuffix(".cif"),
                        "variables": dict(outcome.variables),
                        "values": {key: value for key, value in outcome.values.items() if value == value},
                    }
                )
    if not entries:
        raise ValueError(
            "no evaluation of this campaign recorded a structure, so there is nothing to write for pymatgen; "
            "`--format csv` has compositions and variables"
        )
    return json.dumps(entries, indent=1, allow_nan=False, default=float) + "\n"


def _read(text: str, whose: str) -> dict[str, object]:
    """A CIF's first structure as pymatgen's mapping; ValueError with whose it is when there is none."""
    from pymatgen.io.cif import CifParser

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pymatgen says that it rounds coordinates such as 0.3333
        try:
            structure = CifParser.from_str(text, occupancy_tolerance=OCCUPANCY).parse_structures(primitive=False)[0]
        except (ValueError, IndexError) as error:
            raise ValueError(f"{whose} is no CIF that pymatgen reads: {error}") from error
    content: dict[str, object] = structure.as_dict()
    return content
