"""This package is the oracles: candidates -> evaluations, no learning."""

BUILTIN = {
    "lammps_alloy": "eutectic.oracles.lammps.alloy:LammpsAlloy",
    "mlip": "eutectic.oracles.mlip.oracle:Mlip",
    "dft": "eutectic.oracles.dft.oracle:Dft",
    "screens": "eutectic.oracles.rules.screens:Screens",
    "element_table": "eutectic.oracles.rules.element_table:ElementTable",
    "hull": "eutectic.oracles.stability.hull:Hull",
    "pourbaix": "eutectic.oracles.stability.pourbaix:Pourbaix",
    "table": "eutectic.oracles.tables.table:Table",
    "python": "eutectic.oracles.user.python:Python",
    "call": "eutectic.oracles.user.call:Call",
    "command": "eutectic.oracles.user.command:Command",
    "variables": "eutectic.oracles.user.variables:Variables",
    "synthesizability": "eutectic.oracles.synthesizability.oracle:Synthesizability",
    "person": "eutectic.oracles.user.person:Person",
}
