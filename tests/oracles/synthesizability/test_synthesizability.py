"""Likeness to known materials: planted rules are found, scores are out of bag and repeatable, bad lists are refused."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from eutectic.oracles.base import Candidate
from eutectic.oracles.elements.chemical_formulas import amounts
from eutectic.oracles.elements.features import PROPERTIES, features
from eutectic.oracles.synthesizability.bagging import key, learn, recombined
from eutectic.oracles.synthesizability.oracle import Synthesizability

RNG = np.random.default_rng(0)
CATIONS = {"Li": 1, "Na": 1, "K": 1, "Rb": 1, "Mg": 2, "Ca": 2, "Sr": 2, "Ba": 2, "Al": 3, "Y": 3, "La": 3, "Sc": 3}
ANIONS = {"F": 1, "Cl": 1, "Br": 1, "I": 1, "O": 2, "S": 2, "Se": 2, "N": 3, "P": 3}
SALTS = [f"{c}{q}{a}{p}" for (c, p), (a, q) in product(CATIONS.items(), ANIONS.items())]
"""Neutral salts, the planted rule: what can be made."""
WRONG = [f"{c}{n}{a}{m}" for c, a in product(CATIONS, ANIONS) for n, m in ((1, 4), (5, 1), (4, 3))]
"""The same elements in amounts that do not cancel."""


def fractions(formulas):
    return [{e: x / sum(a.values()) for e, x in a.items()} for a in map(amounts, formulas)]


def written(folder: Path, formulas, name: str = "known.csv") -> str:
    lines = formulas if name.endswith(".txt") else ["formula", *formulas]
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(folder / name)


@pytest.fixture(scope="module")
def planted():
    """Bags from two thirds of the salts against wrong formulas and the other salts, mixed."""
    order = np.random.default_rng(1).permutation(len(SALTS))
    known, hidden = ([SALTS[i] for i in order[part]] for part in (slice(0, 72), slice(72, None)))
    return learn(fractions(known), fractions([*hidden, *WRONG]), bags=60, size=1000, seed=0), known, hidden


def test_positives_hidden_among_the_unlabelled_score_above_the_rest(planted):
    model, _, hidden = planted
    (good, _), (bad, _) = model.score(fractions(hidden)), model.score(fractions(WRONG))
    assert np.mean(good[:, None] > bad[None, :]) > 0.95  # area under the curve; out of bag, for both were drawn
    assert np.median(good) > 0.5 > np.median(bad)


def test_the_known_are_recognised_by_trees_that_have_not_seen_them(planted):
    model, known, _ = planted
    assert model.recall > 0.85
    assert model.passed < 0.25
    scores, errors = model.score(fractions(known))
    assert np.mean(scores > 0.5) == pytest.approx(model.recall)
    assert ((errors >= 0) & (errors < 0.2)).all()


def test_scores_are_means_over_trees_that_have_not_seen_the_formula(planted):
    model, known, _ = planted
    (formula,) = fractions(known[:1])
    blind = ~model.seen[model.row[key(formula)]]
    votes = [tree.predict_proba(features([formula]))[0, 1] for tree in np.array(model.trees, dtype=object)[blind]]
    (score,), (error,) = model.score([formula])
    assert 0 < blind.sum() < len(model.trees)
    assert score == pytest.approx(np.mean(votes))
    assert error == pytest.approx(np.std(votes, ddof=1) / np.sqrt(len(votes)))


def test_labels_at_random_teach_nothing():
    formulas = fractions(WRONG)
    order = np.random.default_rng(2).permutation(len(formulas))
    model = learn([formulas[i] for i in order[:100]], [formulas[i] for i in order[100:]], bags=30, size=100, seed=0)
    assert abs(model.recall - model.passed) < 0.2


def test_recombinations_keep_amounts_and_elements_and_are_new():
    known = fractions(SALTS)
    decoys = recombined(known, 200, seed=3)
    assert len({key(d) for d in decoys}) == 200
    assert not {key(d) for d in decoys} & {key(k) for k in known}
    shapes = {tuple(sorted(np.round(list(k.values()), 6))) for k in known}
    assert {tuple(sorted(np.round(list(d.values()), 6))) for d in decoys} <= shapes
    assert {e for d in decoys for e in d} <= {*CATIONS, *ANIONS}
    assert decoys == recombined(known, 200, seed=3) != recombined(known, 200, seed=4)


def test_features_are_statistics_over_elements():
    (row,) = features(fractions(["Fe2O3"]))
    p, z = len(PROPERTIES), PROPERTIES.index("Number")
    assert len(row) == 6 * p + 4
    mean = 0.4 * 26 + 0.6 * 8
    deviation = 0.4 * (26 - mean) + 0.6 * (mean - 8)
    assert row[z::p][:6] == pytest.approx([mean, deviation, 8, 26, 18, 8])
    assert row[-4:] == pytest.approx([2, np.sqrt(0.52), (0.4**3 + 0.6**3) ** (1 / 3), 0.0])
    assert features([]).shape == (0, 6 * p + 4)


def test_the_oracle_scores_candidates_the_same_every_time(tmp_path):
    oracle = Synthesizability(written(tmp_path, SALTS[::2]), bags=20, decoys=100)
    candidates = [
        Candidate({"formula": "NaCl"}),
        Candidate({}, {"Na": 0.5, "Ca": 0.5}),
        Candidate({"formula": "NaCl3"}),
    ]
    seen = oracle.evaluate(candidates, RNG)
    scores = [e.values["synthesizability_score"] for e in seen]
    assert scores[0] > scores[1]
    assert all(0 <= s <= 1 for s in scores)
    assert seen[0].errors["synthesizability_score"] > 0
    text = written(tmp_path, [f"{f}  # made" for f in SALTS[::2]], "known.txt")
    again = Synthesizability(text, bags=20, decoys=100).evaluate(candidates, np.random.default_rng(9))
    assert [e.values["synthesizability_score"] for e in again] == scores
    other = Synthesizability(oracle.known, bags=20, decoys=100, draw=1).evaluate(candidates, RNG)
    assert [e.values["synthesizability_score"] for e in other] != scores


def test_the_users_own_unlabelled_list_is_used(tmp_path):
    oracle = Synthesizability("known.csv", unlabelled="other.csv", bags=20).located(str(tmp_path))
    written(tmp_path, SALTS), written(tmp_path, [*WRONG, *SALTS[:5]], "other.csv")
    (seen,) = oracle.evaluate([Candidate({"formula": WRONG[0]})], RNG)
    assert seen.values["synthesizability_score"] < 0.5
    assert seen.provenance["listed"] == 1
    assert len(oracle.fingerprint()) == 33


def test_candidates_that_cannot_be_scored_are_failed_evaluations(tmp_path):
    oracle = Synthesizability(written(tmp_path, SALTS), bags=20, decoys=100)
    assert oracle.refuse(["Na", "U", "x"], [0] * 3, [1] * 3) == "no material in known.csv holds U"
    assert oracle.refuse(["Na", "Cl"], [0] * 2, [1] * 2) is None
    seen = oracle.evaluate([Candidate({"x": 1.0}), Candidate({}, {"U": 1.0}), Candidate({"formula": "Qq"})], RNG)
    assert [e.failure for e in seen] == ["bad_input"] * 3
    assert seen[1].error == "no material in known.csv holds U"


def test_bad_lists_and_numbers_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"known.csv, row 2 \(line 3\), column 'formula': 'Xq' is no chemical formula"):
        Synthesizability(written(tmp_path, ["NaCl", "Xq"])).check()
    with pytest.raises(ValueError, match=r"known.txt, line 2: '\?' is no chemical formula"):
        Synthesizability(written(tmp_path, ["NaCl", "?"], "known.txt")).check()
    with pytest.raises(ValueError, match="holds 1 different formulas; at least 20"):
        Synthesizability(written(tmp_path, ["NaCl", "Na2Cl2"])).check()
    with pytest.raises(ValueError, match="cannot be read"):
        Synthesizability("nowhere.csv").check()
    with pytest.raises(ValueError, match="no column 'material'"):
        Synthesizability(written(tmp_path, SALTS), column="material").check()
    same = Synthesizability(written(tmp_path, SALTS), unlabelled=written(tmp_path, SALTS, "other.csv"))
    with pytest.raises(ValueError, match=r"unlabelled: other.csv holds only 0 formulas"):
        same.check()
    with pytest.raises(ValueError, match="bags: 3 is too few"):
        Synthesizability("known.csv", bags=3)
    with pytest.raises(ValueError, match="draw: -1 is negative"):
        Synthesizability("known.csv", draw=-1)
