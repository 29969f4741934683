"""Crystals in the report."""

import base64
import re
from dataclasses import replace

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from eutectic.campaigns.figures.crystals import drawn
from eutectic.campaigns.report.crystals import crystals
from eutectic.campaigns.report.rendering import section_html
from eutectic.oracles.base import Evaluation
from tests.campaigns.crystal_campaigns import answered, campaign


@pytest.fixture(scope="module")
def best(tmp_path_factory):
    """The front of a campaign over drawn crystals."""
    with campaign(tmp_path_factory.mktemp("drawn")) as running:
        answered(running, 4)
        return running.pareto()


def test_the_front_is_drawn_with_files_and_how_far_it_moved(best):
    text = section_html(crystals(best))
    assert text.count("<svg") == len(best)
    assert "as proposed" in text
    assert "relaxed</a>" not in text
    content = base64.b64decode(re.search(r"base64,([^\"]+)", text)[1]).decode()
    assert Structure.from_str(content, fmt="cif").composition.reduced_formula == best[0].variables["formula"]
    bigger = Structure.from_dict(dict(best[0].structure))
    bigger.scale_lattice(bigger.volume * 1.05)
    told = Evaluation(best[0].id, "mlip", artifacts={"relaxed.cif": bigger.to(fmt="cif")})
    assert "0.000</td>" in section_html(crystals([replace(best[0], evaluations=(told,))]))
    other = Structure(Lattice.cubic(3.0), ["Fe"], [[0, 0, 0]])
    lost = Evaluation(best[0].id, "mlip", artifacts={"relaxed.cif": other.to(fmt="cif")})
    assert "became another structure" in section_html(crystals([replace(best[0], evaluations=(lost,))]))


def test_what_a_crystal_is_near_to_is_named(best):
    salt = Structure.from_spacegroup(225, Lattice.cubic(5.0), ["Sc", "N"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    own = replace(best[0], structure=salt.as_dict())
    assert "the same type as" in (text := section_html(crystals([own])))
    assert "AB_cF8_225_a_b" in text
    known = replace(own, number=0, origin="history: known.csv:3")
    assert "the same crystal as history:known.csv:3" in (said := section_html(crystals([own], [known])))
    assert "Near to: a crystal known before the start, or a prototype" in said
    late = section_html(crystals([own], [replace(known, origin="added by Eva")]))
    assert "Near to: a crystal added by hand, or a prototype" in late
    assert "before the start" not in text + late
    odd = Structure(Lattice.from_parameters(3, 4, 5, 80, 95, 102), ["Sc", "N", "O"], np.eye(3) * 0.3)
    assert "nothing known here" in section_html(crystals([replace(best[0], structure=odd.as_dict())]))


def test_candidates_without_structures_have_no_section(best):
    assert crystals([replace(outcome, structure=None) for outcome in best]) is None


def test_atoms_on_faces_and_corners_are_drawn_on_each():
    caesium = Structure(Lattice.cubic(4.12), ["Cs", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    picture = drawn(caesium)
    assert len(picture.balls) == 8 + 1 + 2  # corners, centre, legend
    assert len(picture.lines) == 12
    assert [word.text for word in picture.words] == ["Cl", "Cs"]
