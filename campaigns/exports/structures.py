"""This file is the structures that evaluations recorded as pymatgen's own JSON, which `monty` reads back as objects."""

import json
import warnings

from eutectic.campaigns.record.outcomes import Ledger


def to_structures(ledger: Ledger) -> str:
    """A list of mappings: `structure` (pymatgen), `id`, `number`, `oracle`, `name`, `variables` and `values`.

    `monty.serialization.loadfn` of a file with this text gives the structures as `pymatgen` objects. ValueError when
    the campaign recorded none.
    """
    from pymatgen.core import Structure

    entries = []
    for outcome in ledger.outcomes:
        for evaluation in outcome.evaluations:
            for name, text in evaluation.artifacts.items():
                if not name.endswith(".cif"):
                    continue
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # pymatgen says that it rounds coordinates such as 0.3333
                    structure = Structure.from_str(text, fmt="cif")
                entries.append(
                    {
                        "structure": structure.as_dict(),
                        "id": outcome.id,
                        "number": outcome.number,
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
