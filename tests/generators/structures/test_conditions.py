"""What is wanted of a crystal, and what nothing could be."""

import pytest

from eutectic.generators.structures.conditions import Conditions, Motif, misunderstood, reduced, wanted


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"elements": ("Fe", "Oo")}, "elements: 'Oo' is no element; did you mean"),
        ({"elements": ("Fe", "Fe")}, "elements: Fe is named twice"),
        ({"required": ("Xy",)}, "required: 'Xy' is no element"),
        ({"elements": ("Fe", "O"), "required": ("Li",)}, "required: Li is not among the elements allowed"),
        ({"elements": ("Fe", "O"), "formula": "LiFeO2"}, "formula: Li is not among the elements allowed"),
        ({"formula": "LiFePO4", "required": ("Co",)}, "formula: LiFePO4 lacks Co, which is required"),
        ({"formula": "LiFePO4", "atoms": (8, 13)}, "atoms: LiFePO4 has 7 atoms a formula unit, and no multiple"),
        ({"formula": "Fe0.5O"}, "no whole numbers"),
        ({"formula": "Qq"}, "formula: 'Qq' is no chemical formula"),
        ({"atoms": (5, 2)}, r"atoms: \[5, 2\] is not a range"),
        ({"atoms": (1, 2), "required": ("Fe", "O", "Li")}, "cannot hold the 3 elements required"),
        ({"space_groups": (231,)}, "space_groups: 231 is no space group"),
        ({"guidance": -1.0}, "guidance: -1.0"),
        ({"targets": {"band_gap_ev": float("nan")}}, "targets: band_gap_ev is nan"),
    ],
)
def test_what_nothing_could_be_is_refused_with_its_field(options, said):
    with pytest.raises(ValueError, match=said):
        Conditions(**options)


def test_a_motif_is_checked_with_the_elements_allowed():
    with pytest.raises(ValueError, match=r"motif.elements: V is not among"):
        Conditions(elements=("Fe", "Sn"), motif=Motif("kagome", ("V",)))
    with pytest.raises(ValueError, match="spacing_angstrom"):
        Motif("kagome", spacing_angstrom=0.1)


def test_a_formula_is_reduced_and_says_how_many_units_fit():
    assert reduced("Fe4O6") == {"Fe": 2, "O": 3}
    assert list(Conditions(formula="Fe4O6", atoms=(6, 20)).units) == [2, 3, 4]
    assert list(Conditions().units) == []
    assert Conditions(formula="NaCl", elements=("Na", "Cl", "K")).allowed == ("Na", "Cl")


def test_a_condition_a_generator_does_not_understand_is_named_with_the_nearest():
    asked = Conditions(elements=("Fe",), targets={"bulk_modulos_gpa": 200.0})
    assert wanted(asked) == ("elements", "bulk_modulos_gpa")
    said = misunderstood(asked, {"elements", "bulk_modulus_gpa"}, "wyckoff")
    assert said == "targets: wyckoff cannot be asked for 'bulk_modulos_gpa'; did you mean 'bulk_modulus_gpa'?"
    assert misunderstood(Conditions(elements=("Fe",)), {"elements"}, "wyckoff") == ""
