"""Sequences of elements and counts: their formulas, the way back, the rules they keep; neutrality as a screen."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.file import plugins
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.problem import build
from eutectic.campaigns.record.outcomes import Ledger
from eutectic.generators.sequence import Sequence
from eutectic.optimizers.spaces import region
from eutectic.oracles.elements.neutrality import oxidation_states
from eutectic.oracles.rules.screens import Screens, screen_fractions

RNG = np.random.default_rng(0)
ELEMENTS = ("Li", "Na", "Mg", "Al", "Ti", "Fe", "Cu", "N", "O", "S", "F", "Cl")


def row(*steps: tuple[str, int], elements: tuple[str, ...] = ELEMENTS) -> np.ndarray:
    return np.array([x for symbol, count in steps for x in (elements.index(symbol), count)], dtype=float)


def neutral(**counts: int) -> tuple[float, float]:
    """The two screens of one formula."""
    X = np.array([list(counts.values())]) / sum(counts.values())
    names = ("charge_imbalance_e_per_atom", "electronegativity_balanced")
    charge, balanced = screen_fractions(list(counts), X, names).values()
    return float(charge[0]), float(balanced[0])


def test_a_sequence_is_pairs_of_an_element_and_a_count() -> None:
    part = Sequence(ELEMENTS, steps=3)
    space = part.space
    assert space.names == ("element_1", "count_1", "element_2", "count_2", "element_3", "count_3")
    assert space.kinds == ("categorical", "integer") * 3
    assert space.categories[2] == ELEMENTS
    assert region.count(space) == (12 * 10) ** 3 - 12**3
    assert space is Sequence(ELEMENTS, steps=3).space


def test_counts_of_one_element_add_up() -> None:
    part = Sequence(ELEMENTS)
    (candidate,) = part.generate(row(("O", 2), ("Fe", 2), ("Cu", 0), ("O", 1), ("N", 0))[None], RNG)
    assert candidate.composition == {"Fe": 0.4, "O": 0.6}
    assert candidate.variables["formula"] == "Fe2O3"
    steps = [(candidate.variables[f"element_{k}"], candidate.variables[f"count_{k}"]) for k in (1, 2, 3)]
    assert steps == [("Fe", 2), ("O", 3), ("Li", 0)]


def test_all_sequences_of_a_formula_are_one_candidate() -> None:
    part = Sequence(ELEMENTS, steps=3)
    first = row(("Fe", 2), ("O", 3), ("Cu", 0))
    other = row(("O", 2), ("Fe", 2), ("O", 1))
    a, b = part.generate(np.stack([first, other]), RNG)
    assert a.id == b.id
    assert a.id != part.generate(row(("Fe", 4), ("O", 6), ("Cu", 0))[None], RNG)[0].id


@pytest.mark.parametrize("counts", [(0, 9), (1, 3)])
def test_coordinates_lead_back_to_the_same_candidate_also_from_text(counts: tuple[int, int]) -> None:
    part = Sequence(ELEMENTS, steps=4, counts=counts)
    X = region.sample(part.space, 100, RNG)
    candidates = part.generate(X, RNG)
    back = np.array([part.coordinates({k: str(v) for k, v in c.variables.items()}) for c in candidates])
    assert region.contains(part.space, back).all()
    assert part.generate(back, RNG) == candidates


def test_a_formula_without_atoms_is_not_in_the_space() -> None:
    part = Sequence(ELEMENTS, steps=2)
    empty = row(("Fe", 0), ("O", 0))
    assert not region.contains(part.space, empty[None])[0]
    with pytest.raises(ValueError, match="no formula"):
        part.generate(empty[None], RNG)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"elements": ("Fe", "Oo")}, "'Oo' is no element symbol; did you mean 'O'"),
        ({"elements": ("Fe", "fe")}, "'fe' is no element symbol; did you mean 'Fe'"),
        ({"elements": ("Fe", "Fe")}, "'Fe' is named twice"),
        ({"elements": ("Fe",)}, "at least 2 elements"),
        ({"elements": ELEMENTS, "steps": 0}, "steps: 0 is not between 1 and 1000"),
        ({"elements": ELEMENTS, "steps": 30_000}, "steps: 30000 is not between"),
        ({"elements": ELEMENTS, "counts": (5, 2)}, "is no range"),
        ({"elements": ELEMENTS, "counts": (0, 0)}, "the highest at least 1"),
        ({"elements": ELEMENTS, "min_elements": 6}, "not between 1 and 5"),
    ],
)
def test_bad_sequence_options_are_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Sequence(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"element_1": "Fe", "count_1": 2}, "no variable 'count_2'"),
        ({"element_1": "Zn", "count_1": 2}, "element_1 is 'Zn', not one of"),
        ({"element_1": "Fe", "count_1": 2.5}, "count_1 is 2.5, no whole number from 0 to 9"),
        ({"element_1": "Fe", "count_1": 10}, "no whole number"),
    ],
)
def test_variables_that_are_no_sequence_have_no_coordinates(variables: dict[str, float | str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Sequence(ELEMENTS, steps=2).coordinates(variables)


def test_neutral_formulas_are_those_that_pymatgen_finds_with_one_state_an_element() -> None:
    part = Sequence(("Li", "Ti", "Fe", "Cu", "O", "S", "Cl"), steps=3, counts=(0, 4))
    X = region.sample(part.space, 150, RNG)
    ruled = Sequence(part.elements, 3, (0, 4), neutral=True).space
    inside = region.contains(ruled, X)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pymatgen's own dependencies
        from pymatgen.core import Composition

        for candidate, own in zip(part.generate(X, RNG), inside, strict=True):
            made = Composition(candidate.variables["formula"])
            states = {str(e): list(oxidation_states()[str(e)]) for e in made}
            guesses = made.oxi_state_guesses(oxi_states_override=states)
            single = [g for g in guesses if all(q in states[e] for e, q in g.items())]
            assert own == bool(single or len(made) == 1), candidate.variables["formula"]
    assert 5 < inside.sum() < 145


def test_the_screens_know_salts_oxides_and_what_is_neither() -> None:
    assert neutral(Na=1, Cl=1) == (0.0, 1.0)
    assert neutral(Fe=2, O=3) == (0.0, 1.0)
    assert neutral(Li=1, Fe=1, P=1, O=4) == (0.0, 1.0)
    assert neutral(Fe=1) == (0.0, 1.0)
    assert neutral(Fe=3, O=4)[0] == pytest.approx(1 / 7)  # of mixed valence
    assert neutral(Na=1, Cl=2)[0] == pytest.approx(1 / 3)
    assert neutral(W=3, P=4) == (0.0, 0.0)  # tungsten is the more electronegative
    assert np.isnan(neutral(He=1, O=1)).all()
    assert neutral(Fe=1, Ni=1)[0] == pytest.approx(1.0)


def test_counts_do_not_matter_to_a_screen_but_their_ratio_does() -> None:
    assert neutral(Fe=4, O=6) == neutral(Fe=2, O=3)


def test_an_element_without_oxidation_state_is_refused_where_the_screen_is_wanted() -> None:
    screens = Screens(("charge_imbalance_e_per_atom",))
    assert screens.refuse(["Ne", "O"], [0, 0], [1, 1]) == "charge_imbalance_e_per_atom has no data for O-Ne"
    assert screens.refuse(["Fe", "O"], [0, 0], [1, 1]) is None


def test_sampled_formulas_keep_the_rules() -> None:
    part = Sequence(ELEMENTS, min_elements=3, neutral=True, electronegativity_balance=True)
    X = region.sample(part.space, 200, RNG)
    for candidate in part.generate(X, RNG):
        composition = candidate.composition
        assert composition is not None
        assert len(composition) >= 3
        values = screen_fractions(list(composition), np.array([list(composition.values())]))
        assert values["charge_imbalance_e_per_atom"][0] == 0
        assert values["electronegativity_balanced"][0] == 1


@pytest.mark.parametrize("name", ["sobol", "evolution", "nsga2", "policy"])
def test_the_usual_optimizers_stay_among_neutral_formulas(name: str) -> None:
    from eutectic.optimizers.base import History

    space = Sequence(ELEMENTS, steps=4, neutral=True, min_elements=2).space
    X = region.sample(space, 30, RNG)
    history = History.observed(X, X[:, [1]] + X[:, [3]])
    asked = plugins.build("optimizers", {"use": name}, None).ask(space, history, 6, np.random.default_rng(1))
    assert asked.shape == (6, 8)
    assert region.contains(space, asked).all()


def test_fractions_are_bounded_by_what_counts_allow() -> None:
    assert Sequence(("Fe", "Ni", "O"), steps=3).element_fractions()["Fe"] == (0.0, 1.0)
    part = Sequence(("Fe", "Ni", "O"), steps=4, counts=(1, 3), min_elements=3)
    made = part.generate(region.sample(part.space, 3000, RNG), RNG)
    seen = [c.composition["Ni"] for c in made if c.composition]
    assert part.element_fractions()["Ni"] == pytest.approx((min(seen), max(seen))) == (0.1, 0.75)


def campaign(folder: Path, **sections: object) -> Ledger:
    """A campaign over formulas, run."""
    content = {
        "name": "formulas",
        "space": {"use": "sequence", "elements": ["Fe", "Ni", "O"], "steps": 3, "counts": [0, 2]},
        "objectives": {"charge_imbalance_e_per_atom": "minimize"},
        "oracles": [{"use": "screens"}],
        "optimizers": [{"use": "sobol"}],
        "budget": {"evaluations": 32, "batch": 8},
        "tracking": {"enabled": False},
        **sections,
    }
    folder.mkdir(exist_ok=True)
    (folder / "campaign.yaml").write_text(json.dumps(content))
    with Campaign.from_yaml(folder / "campaign.yaml", folder / "run") as made:
        list(made.events())
        return made.ledger


@pytest.mark.parametrize(
    "optimizer", [{"use": "evolution"}, {"use": "policy", "steps": 5, "hidden": 8}, {"use": "sobol"}]
)
def test_no_formula_is_asked_for_twice_in_another_order(tmp_path: Path, optimizer: dict[str, object]) -> None:
    outcomes = campaign(tmp_path, optimizers=[optimizer]).outcomes
    assert len(outcomes) == 32
    assert len({o.id for o in outcomes}) == 32


def test_when_every_formula_is_known_the_space_is_used_up(tmp_path: Path) -> None:
    space = {"use": "sequence", "elements": ["Fe", "O"], "steps": 2, "counts": [0, 2]}
    ledger = campaign(tmp_path, space=space)
    # Of one element 1 to 4 atoms, of two elements 1 or 2 of each.
    assert len({o.id for o in ledger.outcomes}) == len(ledger.outcomes) == 2 * 4 + 2 * 2
    assert any("known under other coordinates" in note for batch in ledger.batches for note in batch.notes)


def test_a_sequence_of_elements_that_an_oracle_does_not_know_is_refused_before_the_run(tmp_path: Path) -> None:
    content = {
        "name": "oxides",
        "space": {"use": "sequence", "elements": ["Fe", "Ni", "O"], "steps": 3},
        "objectives": {"density_g_per_cm3": "minimize"},
        "oracles": [{"use": "screens"}],
        "optimizers": [{"use": "sobol"}],
        "budget": {"evaluations": 4},
    }
    with pytest.raises(CampaignFileError, match="density_g_per_cm3 has no data for O; it has for Fe, Ni"):
        build.build(CampaignSpec.from_content(content), tmp_path)
    content["space"] = {"use": "sequence", "elements": ["Fe", "Ni"], "steps": 3}
    assert build.build(CampaignSpec.from_content(content), tmp_path).space.d == 6
