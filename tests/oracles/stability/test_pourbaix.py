"""Stability in water: a diagram worked out by hand, pymatgen's own values, reading species, bad input."""

import json
import math
import warnings
from pathlib import Path

import numpy as np
import pytest

from eutectic.oracles.base import Candidate
from eutectic.oracles.stability.pourbaix import Pourbaix
from eutectic.oracles.stability.pourbaix_references import species

RNG = np.random.default_rng(0)
FORMATION = "formation_energy_ev_per_atom"
NERNST, WATER_EV = 0.0591, -2.4583
"""V a unit of pH and eV a molecule of water: the constants of pymatgen."""
ZINC = "formula,energy\nZn,0\nZnO,-3.32\nZn[2+],-1.525\nZnO2[2-],-4.04\nHZnO2[-],-4.81\n"
IRON = "Fe,0\nFe2O3,-7.7\nFe3O4,-10.5\nFe[2+],-0.94\nFe[3+],-0.17\nZnFe2O4,-11.0\n"
"""Rounded free energies of formation."""


def written(folder: Path, text: str, name: str = "species.csv") -> str:
    (folder / name).write_text(text, encoding="utf-8")
    return str(folder / name)


def asked(oracle: Pourbaix, composition: dict[str, float], energy: float) -> tuple[float, str]:
    """Decomposition energy and stable mixture of one candidate."""
    (seen,) = oracle.evaluate([Candidate({}, composition).knowing({FORMATION: energy})], RNG)
    assert seen.status == "finished", seen.error
    return seen.values["pourbaix_decomposition_ev_per_atom"], seen.artifacts["decomposition"]


@pytest.mark.parametrize(("ph", "potential_v", "concentration"), [(0.0, 0.0, 1e-6), (1.0, 0.4, 1e-3)])
def test_zinc_oxide_dissolves_in_acid_by_the_reaction_worked_out_by_hand(tmp_path, ph, potential_v, concentration):
    # ZnO + 2 H+ -> Zn2+ + H2O, no electrons: the potential does not matter
    oracle = Pourbaix(written(tmp_path, ZINC), ph=ph, potential_v=potential_v, concentration_mol_per_l=concentration)
    gained = -3.32 - (-1.525 + NERNST * math.log10(concentration) + WATER_EV + 2 * NERNST * ph)
    assert asked(oracle, {"Zn": 0.5, "O": 0.5}, -1.66) == (pytest.approx(gained / 2, abs=1e-9), "Zn[2+]")


def test_the_metal_corrodes_by_the_reaction_worked_out_by_hand(tmp_path):
    # Zn -> Zn2+ + 2 e-: the energy falls by 2 eV a volt
    oracle = Pourbaix(written(tmp_path, ZINC), ph=0.0, potential_v=0.5, concentrations={"Zn": 1.0})
    assert asked(oracle, {"Zn": 1.0}, 0.0)[0] == pytest.approx(1.525 + 2 * 0.5, abs=1e-9)


def test_a_solid_better_than_all_known_ones_is_negative(tmp_path):
    oracle = Pourbaix(written(tmp_path, ZINC), ph=10.0, potential_v=0.0)
    assert asked(oracle, {"Zn": 0.5, "O": 0.5}, -1.66) == (pytest.approx(0.0, abs=1e-9), "ZnO(s)")
    assert asked(oracle, {"Zn": 0.5, "O": 0.5}, -1.76)[0] == pytest.approx(-0.1, abs=1e-9)


def test_two_metals_give_the_values_of_pymatgen_from_either_kind_of_file(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pymatgen: charges are experimental
        from pymatgen.analysis.phase_diagram import PDEntry
        from pymatgen.analysis.pourbaix_diagram import IonEntry, PourbaixDiagram, PourbaixEntry
        from pymatgen.core import Composition
        from pymatgen.core.ion import Ion

        rows = [line.split(",") for line in (ZINC + IRON).splitlines()[1:]]
        entries = [
            PourbaixEntry(
                IonEntry(Ion.from_formula(f), float(e)) if "[" in f else PDEntry(Composition(f), float(e)), str(i)
            )
            for i, (f, e) in enumerate(rows)
        ]
        solid = PourbaixEntry(PDEntry(Composition("ZnFe2O4"), -10.6))
        diagram = PourbaixDiagram(entries, {"Zn": 1 / 3, "Fe": 2 / 3}, {"Zn": 1e-6, "Fe": 1e-4})
        from_json = written(tmp_path, json.dumps([e.as_dict() for e in entries]), "species.json")
        from_csv = written(tmp_path, ZINC + IRON)
        conditions = [(0.0, 1.23), (7.0, 0.0), (14.0, -0.6), (3.0, 2.0)]
        expected = [float(diagram.get_decomposition_energy(solid, *at)) for at in conditions]
    assert max(expected) - min(expected) > 0.15
    for file in (from_csv, from_json):
        for (ph, potential_v), value in zip(conditions, expected, strict=True):
            oracle = Pourbaix(file, ph=ph, potential_v=potential_v, concentrations={"Fe": 1e-4})
            seen, _ = asked(oracle, {"Zn": 1 / 7, "Fe": 2 / 7, "O": 4 / 7}, -10.6 / 7)
            assert seen == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize(
    ("text", "charge", "elements"),
    [
        ("Zn[2+]", 2, {"Zn"}),
        ("MnO4[-]", -1, {"Mn"}),
        ("Zn(OH)2(aq)", 0, {"Zn"}),
        ("ZnO(s)", None, {"Zn"}),
        ("O2", None, set()),
    ],
)
def test_species_are_read_as_chemists_write_them(text, charge, elements):
    assert (species(text, 0.0).charge, species(text, 0.0).elements) == (charge, elements)


@pytest.mark.parametrize(
    ("text", "name", "says"),
    [
        (
            "formula,energy\nZn2+,-1.5\n",
            "a.csv",
            r"a.csv, row 1 \(line 2\), column 'formula': .*write charges as in Zn\[2\+\]",
        ),
        ("formula,energy\nZq,-1.5\n", "a.csv", "'Zq' is no chemical formula"),
        ("formula,energy\nZn,\n", "a.csv", "is no finite number"),
        ("formula,g\nZn,0\n", "a.csv", "no column 'energy'"),
        ("{}", "a.json", "a list of Pourbaix entries"),
        ("[", "a.json", "not JSON"),
        ('[{"entry": {}}]', "a.json", "entry 1: no Pourbaix entry"),
        ("[]", "a.json", "no solids and no ions"),
    ],
)
def test_a_bad_file_of_species_is_refused_with_the_place(tmp_path, text, name, says):
    with pytest.raises(ValueError, match=says):
        Pourbaix(written(tmp_path, text, name)).check()


def test_a_missing_file_and_conditions_outside_the_diagram_are_refused():
    with pytest.raises(ValueError, match="cannot be read"):
        Pourbaix("nowhere.csv").check()
    with pytest.raises(ValueError, match="ph: 20 is not between -2 and 16"):
        Pourbaix("a.csv", ph=20)
    with pytest.raises(ValueError, match="potential_v: 7 is not between"):
        Pourbaix("a.csv", potential_v=7)
    with pytest.raises(ValueError, match="must be above 0"):
        Pourbaix("a.csv", concentration_mol_per_l=0)
    with pytest.raises(ValueError, match="no element 'Zx'"):
        Pourbaix("a.csv", concentrations={"Zx": 1})
    with pytest.raises(ValueError, match="of Zn must be above 0"):
        Pourbaix("a.csv", concentrations={"Zn": -1})


def test_an_element_without_species_is_named(tmp_path):
    oracle = Pourbaix(written(tmp_path, ZINC + "Fe[2+],-0.94\n"))
    assert oracle.refuse(["Zn", "Cu", "O"], [0] * 3, [1] * 3) == "species.csv has no solid and no ion of Cu"
    assert "no pure solid Fe; add it (energy 0), or `filter_solids: false`" in oracle.refuse(["Fe"], [0], [1])
    assert Pourbaix(oracle.file, filter_solids=False).refuse(["Fe", "O"], [0] * 2, [1] * 2) is None
    assert oracle.refuse(["Zn", "O", "x"], [0] * 3, [1] * 3) is None


def test_a_candidate_that_has_no_diagram_is_a_failed_evaluation(tmp_path):
    oracle = Pourbaix(written(tmp_path, ZINC))
    seen = oracle.evaluate(
        [
            Candidate({}),
            Candidate({}, {"O": 1.0}).knowing({FORMATION: 0.0}),
            Candidate({}, {"Zn": 1.0}),
            Candidate({}, {"Cu": 1.0}).knowing({FORMATION: 0.0}),
        ],
        RNG,
    )
    assert [e.failure for e in seen] == ["bad_input"] * 4
    for one, says in zip(
        seen, ("no composition", "hydrogen and oxygen", f"returned {FORMATION}", "of Cu"), strict=True
    ):
        assert says in one.error
