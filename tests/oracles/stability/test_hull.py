"""The convex hull: exact distances, decompositions, references from files and from the Materials Project, bad input."""

import gzip
import json
import sys
import types
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.problem.build import build
from eutectic.oracles.base import Candidate, EngineMissing
from eutectic.oracles.stability.hull import Hull, stability_class

RNG = np.random.default_rng(0)
FORMATION = "formation_energy_ev_per_atom"


def written(folder: Path, text: str, name: str = "known.csv") -> str:
    (folder / name).write_text(text, encoding="utf-8")
    return str(folder / name)


def asked(oracle: Hull, composition: dict[str, float], energy: float) -> tuple[float, float, str]:
    """Distance, class, decomposition of one candidate."""
    candidate = Candidate({}, composition).knowing({oracle.energy: energy})
    (seen,) = oracle.evaluate([candidate], RNG)
    assert seen.status == "finished", seen.error
    return (*(seen.values[name] for name in Hull.properties), seen.artifacts["decomposition"])


@pytest.fixture
def binary(tmp_path: Path) -> str:
    """A and B with one compound at the middle, -1 eV/atom, and a polymorph above it."""
    return written(tmp_path, "formula,energy\nLi,0\nO,0\nLiO,-1\nLi2O2,-0.9\n")


def test_a_binary_hull_made_by_hand_is_exact(binary):
    # between Li (0) and LiO (-1): at x_O = 1/4 the hull is at -1/2, half of the atoms in each
    distance, stability, decomposition = asked(Hull(binary), {"Li": 0.75, "O": 0.25}, -0.47)
    assert distance == pytest.approx(0.03, abs=1e-12)
    assert (stability, decomposition) == (1.0, "0.5 Li + 0.5 LiO")
    assert asked(Hull(binary), {"Li": 0.5, "O": 0.5}, -0.9)[:2] == pytest.approx((0.1, 2.0), abs=1e-12)


def test_a_ternary_hull_made_by_hand_is_exact(tmp_path):
    # Li-Fe-O with Li2O -2 and Fe2O3 -1.5 eV/atom: LiFeO2 is 3/8 Li2O + 5/8 Fe2O3 by atoms, at -1.6875 eV/atom
    oracle = Hull(written(tmp_path, "formula,energy\nLi2O,-2\nFe2O3,-1.5\n"))
    distance, stability, decomposition = asked(oracle, {"Li": 0.25, "Fe": 0.25, "O": 0.5}, -1.6875 + 0.25)
    assert distance == pytest.approx(0.25, abs=1e-12)
    assert (stability, decomposition) == (3.0, "0.625 Fe2O3 + 0.375 Li2O")


def test_a_candidate_below_the_hull_has_a_negative_distance(binary):
    assert asked(Hull(binary), {"Li": 0.5, "O": 0.5}, -1.2)[:2] == pytest.approx((-0.2, 0.0), abs=1e-12)


def test_a_pure_element_stands_on_its_own_reference(binary):
    assert asked(Hull(binary), {"Li": 1.0}, 0.07)[:2] == pytest.approx((0.07, 2.0), abs=1e-12)


@pytest.mark.parametrize(
    ("distance", "expected"), [(-1, 0), (0, 0), (1e-7, 0), (0.05, 1), (0.051, 2), (0.1, 2), (9, 3)]
)
def test_stability_classes_end_where_they_say(distance, expected):
    assert stability_class(distance) == expected


def test_energies_of_the_formula_unit_are_divided_by_its_atoms(tmp_path):
    text = "compound;not used\n".replace(";", ",") + "Fe2O3,-7.5\nFe,0\nO2,0\n"
    oracle = Hull(written(tmp_path, text), formula_column="compound", energy_column="not used", per="formula")
    assert asked(oracle, {"Fe": 0.4, "O": 0.6}, -1.5)[0] == pytest.approx(0.0, abs=1e-12)


def test_the_structure_or_the_formula_say_what_a_candidate_is(binary):
    from pymatgen.core import Lattice, Structure

    structure = Structure(Lattice.cubic(4.0), ["Li", "O"], [[0, 0, 0], [0.5, 0.5, 0.5]]).as_dict()
    for candidate in (Candidate({}, structure=structure), Candidate({"formula": "Li2O2"})):
        (seen,) = Hull(binary).evaluate([candidate.knowing({FORMATION: -0.9})], RNG)
        assert seen.values["energy_above_hull_ev_per_atom"] == pytest.approx(0.1, abs=1e-12)


def public_entries() -> list[dict]:
    """Computed entries of the Materials Project that pymatgen ships, halides and chalcogenides with their elements."""
    packed = (files("pymatgen.analysis") / "compatibility" / "calc_compounds.json.gz").read_bytes()
    rows = [row for row in json.loads(gzip.decompress(packed)).values() if isinstance(row, dict)]
    pure = {next(iter(row["composition"])) for row in rows if len(row["composition"]) == 1}
    return [row for row in rows if pure.issuperset(row["composition"])]


@pytest.mark.filterwarnings("ignore:No Pauling electronegativity:UserWarning")  # of pymatgen, as it sorts symbols
def test_distances_over_computed_entries_are_those_of_pymatgen(tmp_path):
    from pymatgen.analysis.phase_diagram import PhaseDiagram
    from pymatgen.core import Element
    from pymatgen.entries.computed_entries import ComputedEntry

    rows = public_entries()
    for i, row in enumerate(rows):  # corrections must count; these are invented
        row["correction"] = 0.01 * (i % 7)
        row["energy_adjustments"] = []
    entries = [ComputedEntry.from_dict(row) for row in rows]
    total = Hull(written(tmp_path, json.dumps(rows), "mp.json"), energy="energy_ev_per_atom", kind="total")
    formation = Hull(total.file)
    compounds = [e for e in entries if len(e.composition) > 1][:12]
    assert len(compounds) == 12
    for entry in compounds:
        system = set(entry.composition.elements)
        diagram = PhaseDiagram([e for e in entries if set(e.composition.elements) <= system])
        known = {Element(e).symbol: float(x) for e, x in entry.composition.fractional_composition.items()}
        expected = diagram.get_decomp_and_e_above_hull(entry, allow_negative=True)[1]
        assert asked(total, known, entry.energy_per_atom)[0] == pytest.approx(expected, abs=1e-9)
        formed = diagram.get_form_energy_per_atom(entry)
        assert asked(formation, known, formed + 0.04)[0] == pytest.approx(expected + 0.04, abs=1e-9)


def test_documents_of_the_materials_project_are_read(tmp_path):
    rows = [
        {"material_id": "mp-1", "formula_pretty": "LiO", "formation_energy_per_atom": -1.0},
        {"material_id": "mp-2", "formula_pretty": "Li", "formation_energy_per_atom": 0.0},
    ]
    oracle = Hull(written(tmp_path, json.dumps({"data": rows}), "docs.json"))
    distance, _, decomposition = asked(oracle, {"Li": 0.75, "O": 0.25}, -0.5)
    assert (distance, decomposition) == (pytest.approx(0.0, abs=1e-12), "0.5 Li (mp-2) + 0.5 LiO (mp-1)")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "formula,energy\nLi,0\nLixO,-1\n",
            r"known.csv, row 2 \(line 3\), column 'formula': 'LixO' is no chemical formula",
        ),
        ("formula,energy\nLi,0\nXx2,-1\n", r"row 2 \(line 3\), column 'formula': 'Xx2' is no chemical formula"),
        ("formula,energy\nLi,nan\n", r"row 1 \(line 2\), column 'energy': 'nan' is no finite number"),
        ("formula,energy\nLi,high\n", r"column 'energy': 'high' is no number"),
        ("formula,energies\nLi,0\n", r"no column 'energy'; did you mean 'energies'\?"),
        ("formula,energy\nFe2O3,-16\n", "say `per: formula`"),
        ("formula,energy\nFe,-8.3\n", "it cannot be below 0"),
    ],
)
def test_a_bad_table_of_references_is_refused_with_the_place(tmp_path, text, says):
    with pytest.raises(ValueError, match=says):
        Hull(written(tmp_path, text)).check()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "not JSON"),
        ("[3]", "entry 1: '3' is no entry"),
        ("[]", "no phases"),
        ('[{"composition": {"Li": 1}, "energy": NaN}]', "entry 1: the energy of Li is no finite number"),
        ('[{"composition": {"Lq": 1}, "energy": 1}]', "'Lq' is no element"),
        ('[{"formula_pretty": "Li", "energy_per_atom": -1}]', "no key 'formation_energy_per_atom'"),
    ],
)
def test_bad_json_of_references_is_refused_with_the_place(tmp_path, text, says):
    with pytest.raises(ValueError, match=says):
        Hull(written(tmp_path, text, "mp.json")).check()


def test_options_that_cannot_work_are_refused(binary):
    with pytest.raises(ValueError, match="cannot be read"):
        Hull("nowhere.csv").check()
    with pytest.raises(ValueError, match="cannot be compared"):
        Hull(binary, kind="total").check()
    with pytest.raises(ValueError, match="cannot be compared"):
        Hull(binary, kind="total", reference="formation")
    with pytest.raises(ValueError, match="no element 'Xx'"):
        Hull("a.json", download=("Xx",))
    with pytest.raises(ValueError, match=r"must end in \.json"):
        Hull("a.csv", download=("Li",))


def test_an_element_without_a_reference_is_named(binary, tmp_path):
    assert Hull(binary).refuse(["Li", "Na", "x"], [0, 0, 0], [1, 1, 1]) == "known.csv has no reference for Na"
    assert Hull(binary).refuse(["Li", "Na"], [0, 0], [1, 0]) is None
    assert Hull("nowhere.csv").refuse(["Li"], [0], [1]) is None  # `check` says it
    rows = '[{"composition": {"Li": 1}, "energy": -1}, {"composition": {"Li": 1, "O": 1}, "energy": -9}]'
    assert (
        Hull(written(tmp_path, rows, "e.json")).refuse(["Li", "O"], [0, 0], [1, 1]) == "e.json has no reference for O"
    )


def test_a_candidate_without_energy_composition_or_references_is_a_failed_evaluation(binary):
    bare, unknown, strange = Hull(binary).evaluate(
        [
            Candidate({"x": 1.0}).knowing({FORMATION: 0.0}),
            Candidate({}, {"Li": 1.0}),
            Candidate({}, {"Na": 1.0}).knowing({FORMATION: 0.0}),
        ],
        RNG,
    )
    assert [e.failure for e in (bare, unknown, strange)] == ["bad_input"] * 3
    assert "no composition" in bare.error
    assert f"returned {FORMATION}" in unknown.error
    assert strange.error == "known.csv has no reference for Na"


@pytest.mark.parametrize("energy", [float("nan"), float("inf"), -float("inf")])
def test_an_energy_that_is_no_number_is_no_distance(binary, energy):
    # not above any limit, it would be "on the hull"
    (seen,) = Hull(binary).evaluate([Candidate({}, {"Li": 1.0}).knowing({FORMATION: energy})], RNG)
    assert (seen.failure, seen.values) == ("bad_input", {})
    with pytest.raises(AssertionError):
        stability_class(float("nan"))


def test_an_energy_may_be_ten_ev_from_the_hull_and_no_farther(binary):
    kept, left = Hull(binary).evaluate([Candidate({}, {"Li": 1.0}).knowing({FORMATION: e}) for e in (9.9, 10.1)], RNG)
    assert (kept.status, left.failure) == ("finished", "unphysical")


def test_an_energy_on_another_scale_is_unphysical(binary):
    (seen,) = Hull(binary).evaluate([Candidate({}, {"Li": 0.5, "O": 0.5}).knowing({FORMATION: -30.0})], RNG)
    assert (seen.failure, "different scales" in seen.error) == ("unphysical", True)


def test_a_changed_file_is_read_again(binary):
    before = Hull(binary).fingerprint()
    Path(binary).write_text("formula,energy\nLi,0\nO,0\nLiO,-2\nLi2O2,-0.9\n", encoding="utf-8")
    assert Hull(binary).fingerprint() != before
    assert asked(Hull(binary), {"Li": 0.5, "O": 0.5}, -0.9)[0] == pytest.approx(1.1, abs=1e-12)


class Server:
    """What the Materials Project's client looks like from here."""

    def __init__(self, key: str):
        assert key == "secret"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def get_entries_in_chemsys(self, elements, additional_criteria):
        from pymatgen.entries.computed_entries import ComputedEntry

        assert (elements, additional_criteria) == (["Li", "O"], {"thermo_types": ["GGA_GGA+U"]})
        return [ComputedEntry("Li", -2.0), ComputedEntry("O2", -10.0), ComputedEntry("LiO", -10.0, correction=1.0)]


def test_references_are_fetched_once_and_then_read_from_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("MP_API_KEY", "secret")
    client = types.ModuleType("mp_api.client")
    client.MPRester = Server
    monkeypatch.setitem(sys.modules, "mp_api", types.ModuleType("mp_api"))
    monkeypatch.setitem(sys.modules, "mp_api.client", client)
    oracle = Hull("mp.json", download=("Li", "O")).located(str(tmp_path))
    oracle.check()
    monkeypatch.delenv("MP_API_KEY")
    oracle.check()
    assert asked(oracle, {"Li": 0.5, "O": 0.5}, -0.9)[0] == pytest.approx(0.1, abs=1e-12)  # -9/2 + 2/2 + 5/2 = -1


def test_without_a_key_or_the_client_the_cure_is_said(tmp_path, monkeypatch):
    oracle = Hull(str(tmp_path / "mp.json"), download=("Li", "O"))
    monkeypatch.delenv("MP_API_KEY", raising=False)
    with pytest.raises(EngineMissing, match="export MP_API_KEY"):
        oracle.check()
    monkeypatch.setenv("MP_API_KEY", "secret")
    monkeypatch.setitem(sys.modules, "mp_api", None)
    with pytest.raises(EngineMissing, match="pip install mp-api"):
        oracle.check()


CAMPAIGN = {
    "name": "hulls",
    "space": {"use": "composition", "elements": {"Li": [0.1, 0.9], "O": [0.1, 0.9]}},
    "objectives": {"energy_above_hull_ev_per_atom": "minimize"},
    "optimizers": [{"use": "sobol"}],
    "budget": {"evaluations": 2},
}


def test_a_hull_without_an_oracle_that_returns_its_energy_is_refused(binary, tmp_path):
    energies = {"use": "person", "properties": ["formation_energy_ev_per_atm"]}
    for oracles in ([{"use": "hull", "file": binary}], [energies, {"use": "hull", "file": binary}]):
        with pytest.raises(
            CampaignFileError, match=f"'hull' needs '{FORMATION}', and no oracle before it returns that"
        ):
            build(CampaignSpec.from_content({**CAMPAIGN, "oracles": oracles}), tmp_path)
    told = {"use": "person", "properties": [FORMATION]}
    both = [told, {"use": "hull", "file": binary}]
    problem = build(CampaignSpec.from_content({**CAMPAIGN, "oracles": both}), tmp_path)
    assert [named.name for named in problem.oracles] == ["person", "hull"]
    other = {**CAMPAIGN, "space": {"use": "composition", "elements": {"Li": [0, 1], "Na": [0, 1]}}}
    with pytest.raises(CampaignFileError, match=r"known\.csv has no reference for Na"):
        build(CampaignSpec.from_content({**other, "oracles": both}), tmp_path)


def test_a_campaign_goes_from_energies_to_stable_candidates(tmp_path):
    from eutectic.campaigns.campaign import Campaign

    energies = {"LiO": -0.95, "Li2O": -0.6, "Li3O": -0.2, "LiO2": -0.7, "LiO3": -0.1}
    written(tmp_path, "formula,energy\nLiO,-1\n", "known.csv")
    rows = [f"{formula},{energy}" for formula, energy in energies.items()]
    written(tmp_path, "\n".join([f"formula,{FORMATION}", *rows]), "pool.csv")
    content = {
        "name": "hulls",
        "space": {"use": "pool", "file": "pool.csv", "features": ["formula"]},
        "objectives": {"energy_above_hull_ev_per_atom": "minimize"},
        "constraints": {"stability_class": {"max": 2}},
        "oracles": [
            {"use": "table", "file": "pool.csv", "properties": [FORMATION]},
            {"use": "hull", "file": "known.csv"},
        ],
        "optimizers": [{"use": "random"}],
        "budget": {"evaluations": 5, "batch": 5},
        "tracking": {"enabled": False},
    }
    written(tmp_path, json.dumps(content), "campaign.yaml")
    with Campaign.from_yaml(tmp_path / "campaign.yaml", tmp_path / "run") as campaign:
        list(campaign.events())
        outcomes = {str(o.variables["formula"]): o for o in campaign.ledger.outcomes}
    hull = {"LiO": -1.0, "Li2O": -2 / 3, "Li3O": -0.5, "LiO2": -2 / 3, "LiO3": -0.5}
    for formula, energy in energies.items():
        expected = pytest.approx(energy - hull[formula], abs=1e-12)
        assert outcomes[formula].values["energy_above_hull_ev_per_atom"] == expected
    assert [f for f in energies if outcomes[f].feasible] == ["LiO", "Li2O", "LiO2"]
