"""Ions: what labels name them, what is said of them, and that surrogates see it."""

import numpy as np
import pytest

from eutectic.generators.representations.catalogue import IonEncoding
from eutectic.generators.representations.ions import FEATURES, MOLECULES, Ion, descriptors, ion
from eutectic.optimizers.base import Space
from eutectic.surrogates.base import Domain
from eutectic.surrogates.composite.represented import Represented
from eutectic.surrogates.gp.recipe import GaussianProcess
from eutectic.surrogates.trees.forest import Forest
from tests.generators.representations.test_representations import features

LABELS = (("Cs", "MA", "formamidinium", "Rb+"), ("Pb", "Sn", "Ge"), ("dry", "wet"))


def space(labels=LABELS) -> Space:
    upper = np.array([len(own) - 1.0 for own in labels])
    return Space(tuple("abc"[: len(labels)]), ("categorical",) * len(labels), np.zeros(len(labels)), upper, labels)


@pytest.mark.parametrize(
    ("label", "known"),
    [
        ("Pb", Ion("Pb", None)),
        ("PH4+", Ion("phosphonium", 1)),
        ("NO3-", Ion("nitrate", -1)),
        ("N3-", Ion("N", -3)),
        ("CO3^2-", Ion("carbonate", -2)),
        ("Pb2+", Ion("Pb", 2)),
        ("Fe(III)", Ion("Fe", 3)),
        ("I-", Ion("I", -1)),
        ("Cs+", Ion("Cs", 1)),
        ("SO4^2-", Ion("sulfate", -2)),
        ("[CH3NH3]+", Ion("methylammonium", 1)),
        ("MA", Ion("methylammonium", 1)),
        ("Formamidinium", Ion("formamidinium", 1)),
        ("guanidinium cation", Ion("guanidinium", 1)),
        ("MA-", None),
        ("dry", None),
        ("", None),
    ],
)
def test_a_label_names_an_ion_or_none(label, known):
    assert ion(label) == known


def test_no_label_names_two_molecules_and_every_molecule_is_made_of_elements():
    labels = [label for name, (_, _, _, others) in MOLECULES.items() for label in (name, *others)]
    assert len(labels) == len(set(labels))
    assert np.isfinite(descriptors(tuple(MOLECULES))).all()


def test_radii_are_shannons_and_kieslichs_and_elements_take_the_charge_most_others_have():
    column = FEATURES.index("radius_pm"), FEATURES.index("charge")
    assert descriptors(("Pb", "Sn", "Ge", "Mg"))[[0, 2, 3]][:, column].tolist() == [[119, 2], [73, 2], [72, 2]]
    assert descriptors(("F", "Cl", "Br", "I"))[:, column].tolist() == [[133, -1], [181, -1], [196, -1], [220, -1]]
    assert descriptors(("Cs", "MA", "FA"))[:, column].tolist() == [[167, 1], [217, 1], [253, 1]]
    assert descriptors(("Sn4+", "Sn2+"))[0, column[1]] == 4


def test_what_the_sources_lack_is_the_columns_mean():
    radius = descriptors(("MA", "FA", "butylammonium"))[:, FEATURES.index("radius_pm")]
    assert radius[2] == pytest.approx(radius[:2].mean())


def test_ions_are_encoded_with_which_one_it_is_as_a_category_and_other_columns_stay():
    encoded = IonEncoding().of(space())
    assert encoded.names[: len(FEATURES) + 1] == (*(f"a {name}" for name in FEATURES), "a")
    assert "b mendeleev_number" in encoded.names
    assert "a mendeleev_number" not in encoded.names
    assert encoded.names[-1] == "c"
    counts = dict(zip(encoded.names, encoded.categories, strict=True))
    assert (counts["a"], counts["b"], counts["c"], counts["a radius_pm"]) == (4, 3, 2, 0)
    row = dict(zip(encoded.names, features(encoded, np.array([[1.0, 0, 1]]))[0], strict=True))
    assert (row["a radius_pm"], row["b radius_pm"], row["a"], row["b"], row["c"]) == (217, 119, 1, 0, 1)
    assert not [name for name in IonEncoding(identity=False).of(space()).names if name in "ab"]
    with pytest.raises(ValueError, match="elements and ions"):
        IonEncoding().of(space((("dry", "wet"), ("Pb", "no such"))))


def test_with_similarity_columns_stay_categories_and_descriptors_stand_beside_them():
    alike = IonEncoding(similarity=True).of(space())
    assert (alike.names, alike.categories) == (("a", "b", "c"), (4, 3, 2))
    known = alike.domain(np.array([[0.0, 0, 0], [3, 2, 1]])).descriptors
    assert sorted(known) == [0, 1]
    assert known[0][:, FEATURES.index("radius_pm")] == pytest.approx(descriptors(LABELS[0])[:, 1])
    with pytest.raises(ValueError, match="identity"):
        IonEncoding(identity=False, similarity=True)


def test_who_does_not_compare_labels_is_refused_similarity():
    X = np.array([[0.0, 0, 0], [3, 2, 1], [1, 1, 0]])
    over = Represented(Forest(), IonEncoding(similarity=True).of(space()), lambda: X)
    domain = Domain(np.zeros(3), np.array([3.0, 2, 1]), (0, 1, 2))
    assert "similarity" in over.refuse("abc", domain)
    assert Represented(GaussianProcess(), over.representation, lambda: X).refuse("abc", domain) is None
    with pytest.raises(ValueError, match="similarity"):
        over.fit(X, np.arange(3.0))


@pytest.mark.parametrize("similarity", [False, True])
def test_an_ion_that_was_never_measured_is_predicted_by_its_size(similarity):
    labels = tuple("Be Mg Ca Sr Ba Ti V Cr Mn Fe Co Ni Cu Zn Cd Hg Ge Sn Pb Pd Pt Sm Eu Yb Li Na K Rb Cs".split())  # noqa: SIM905
    X = np.arange(len(labels), dtype=float)[:, None]
    truth = descriptors(labels)[:, FEATURES.index("radius_pm")]
    seen = np.arange(len(labels)) % 3 != 1
    recipe = Represented(GaussianProcess(), IonEncoding(similarity=similarity).of(space((labels,))), lambda: X)
    errors = [
        np.abs(own.fit(X[seen], truth[seen]).posterior(X[~seen]).mean[:, 0] - truth[~seen]).mean()
        for own in (recipe, GaussianProcess())
    ]
    assert errors[0] < 0.7 * errors[1]
