"""This package is the oracles: candidates -> evaluations, no learning."""

BUILTIN = {
    "lammps_alloy": "oracles.lammps_alloy:LammpsAlloy",
    "mlip": "oracles.mlip:Mlip",
    "dft": "oracles.dft:Dft",
    "screens": "oracles.screens:Screens",
    "element_table": "oracles.element_table:ElementTable",
    "hull": "oracles.hull:Hull",
    "pourbaix": "oracles.pourbaix:Pourbaix",
    "table": "oracles.table:Table",
    "python": "oracles.python:Python",
    "command": "oracles.command:Command",
    "synthesizability": "oracles.synthesizability:Synthesizability",
    "person": "oracles.person:Person",
}
