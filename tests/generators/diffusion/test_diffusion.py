"""Claims about the diffusion engine, by networks that were trained for seconds on crystals of our own."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from pymatgen.core import Lattice

from eutectic.generators.diffusion.engine import Diffusion
from eutectic.generators.diffusion.interpolants import arrived, between, denoised, left, losses, targets
from eutectic.generators.diffusion.lattice import rows_of, six
from eutectic.generators.diffusion.network import PeriodicNetwork, Shape, State, Step
from eutectic.generators.diffusion.recipe import Recipe, adapted, fine_tuned_parts, learn
from eutectic.generators.diffusion.refining import FASTER, part, refined
from eutectic.generators.diffusion.solving import Standard
from eutectic.generators.diffusion.torus import nearest, paired, scale_of_score, score, shift, wrapped
from eutectic.generators.learning import checkpoints
from eutectic.generators.structures import nets as motifs
from eutectic.generators.structures.conditions import Conditions, Motif
from eutectic.generators.structures.generated import GeneratedStructure, Refusal
from eutectic.generators.wyckoff.genes import encode
from tests.generators.wyckoff.crystals import structures

DESCRIBED = {"training_set": {"name": "our own"}, "licence": "MIT"}
SMALL = {
    "batch": 16,
    "width": 32,
    "layers": 2,
    "validate": 60,
    "steps": 60,
    "rate": 3e-3,
    "properties": ("band_gap_ev",),
}


@pytest.fixture(scope="module", params=["flow", "diffusion"])
def engine(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    whole = structures(repeated=4)
    small = whole.take(np.flatnonzero(whole.sizes <= 6))
    made = learn(small, Recipe(interpolant=request.param, **SMALL), folder / "run", DESCRIBED)
    checkpoints.write(folder / "toy.safetensors", *made)
    return Diffusion(weights=str(folder / "toy.safetensors"), steps=12, tries=30)


def crystals(answers):
    return [a for a in answers if isinstance(a, GeneratedStructure)]


def state(b=3, n=4, seed=0):
    rng = np.random.default_rng(seed)
    types = torch.tensor(rng.integers(1, 90, (b, n)))
    inside = torch.ones(b, n, dtype=torch.bool)
    cells, places = (torch.tensor(rng.normal(size=s), dtype=torch.float32) for s in ((b, 6), (b, n, 3)))
    return State(cells, places % 1, types, inside, torch.full((b,), 0.3), torch.zeros(b, 0))


def test_six_numbers_hold_a_cell_up_to_turning_it():
    for cell in (Lattice.from_parameters(3, 4, 5, 80, 95, 102), Lattice.cubic(4.0), Lattice.hexagonal(3.0, 7.0)):
        numbers = torch.tensor(six(cell.matrix, 7))[None]
        again = Lattice(rows_of(numbers, torch.tensor([7]))[0].numpy())
        np.testing.assert_allclose(again.parameters, cell.parameters, rtol=1e-8)


def test_noise_is_paired_so_that_ways_are_shortest():
    rng = np.random.default_rng(0)
    for k in (3, 5):
        noise, atoms = rng.random((20, k, 3)), rng.random((20, k, 3))
        orders = paired(noise, atoms)

        def way(row, picked, noise=noise, atoms=atoms):
            apart = noise[row, list(picked)] - atoms[row]
            return float(((apart - np.rint(apart)) ** 2).sum())

        for row, order in enumerate(orders):
            assert sorted(order) == list(range(k))
            assert way(row, order) <= min(way(row, p) for p in itertools.permutations(range(k))) + 1e-12


def test_crystals_are_shifted_so_that_ways_are_shortest_and_padding_does_not_count():
    rng = np.random.default_rng(0)
    noise, atoms, inside = rng.random((4, 5, 3)), rng.random((4, 5, 3)), np.ones((4, 5), dtype=bool)
    inside[1, 3:] = False

    def way(by):
        apart = atoms + by - noise
        return (((apart - np.rint(apart)) ** 2) * inside[..., None]).sum(axis=1)

    best = np.min([way(np.full((4, 1, 3), x)) for x in np.linspace(0, 1, 501)], axis=0)
    assert (way(shift(noise, atoms, inside)) <= best + 1e-12).all()


def test_what_a_flow_is_taught_does_not_depend_on_where_a_crystal_has_its_origin():
    rng = np.random.default_rng(3)
    places, types, noise = rng.random((8, 4, 3)), np.array([[8, 8, 8, 22]] * 8), rng.random((8, 4, 3))
    ways = [ways_to(noise, each, types) for each in (places, places + np.array([0.3, 0.55, -0.2]))]
    np.testing.assert_allclose(ways[0], ways[1], atol=1e-5)
    np.testing.assert_allclose(ways[0].mean(axis=1), 0.0, atol=1e-6)


def ways_to(noise, places, types):
    ways = places - nearest(noise, places, types, np.ones(types.shape, dtype=bool))
    return ways - np.rint(ways)


def test_of_a_crystal_and_its_inverted_image_noise_leads_to_the_nearer_one_by_the_same_ways():
    rng = np.random.default_rng(4)
    places, types, noise = rng.random((16, 4, 3)), np.array([[8, 8, 8, 22]] * 16), rng.random((16, 4, 3))
    ways, turned = ways_to(noise, places, types), ways_to(noise, -places, types)
    np.testing.assert_allclose(ways, -turned, atol=1e-9)
    alone = noise - shift(noise, places, np.ones(types.shape, dtype=bool)) - places
    alone -= np.rint(alone)
    assert ((ways**2).sum(axis=(1, 2)) <= (alone**2).sum(axis=(1, 2)) + 1e-9).all()


def test_a_flow_that_says_the_way_left_ends_at_the_crystal_in_any_number_of_steps_from_anywhere():
    crystal, at = state(seed=1), state(seed=2)
    rng = np.random.default_rng(0)
    for steps in (1, 3, 20):
        for k in range(steps):
            said = Step(crystal.cells - at.cells, wrapped(crystal.fractional - at.fractional), torch.zeros(3, 4, 104))
            end = arrived(said, replace(at, types=crystal.types))
            noise = (torch.zeros(3, 6), torch.tensor(rng.random((3, 4, 3)), dtype=torch.float32))
            at = left(end, (k + 1) / steps, noise)
        torch.testing.assert_close(at.cells, crystal.cells)
        assert float(wrapped(at.fractional - crystal.fractional).abs().max()) < 1e-5


def test_what_a_flow_has_arrived_at_is_left_as_far_as_its_time_says():
    crystal = state(b=64, seed=1)
    points = torch.tensor(np.random.default_rng(0).random((64, 4, 3)), dtype=torch.float32)
    for time in (0.0, 0.4, 0.9):
        at = left(crystal, time, (torch.ones(64, 6), points))
        torch.testing.assert_close(at.cells, time * crystal.cells + (1 - time))
        away = wrapped(at.fractional - crystal.fractional)
        assert float(away.mean(dim=1).abs().max()) < 1e-5
        assert float(away.abs().max()) <= (1 - time) * 0.5 + 1e-5
        assert float(away.std()) == pytest.approx((1 - time) * 0.21, rel=0.2)
        assert at.time.tolist() == pytest.approx([time] * 64)


def test_refining_goes_more_than_its_part_of_the_way_left_and_all_at_the_end():
    assert part(0.95, 1.0) == 1.0
    assert part(0.2, 0.24) == pytest.approx(FASTER * 0.05)


def test_of_a_flow_errors_count_by_what_is_left_of_the_way():
    crystal, noise = state(seed=1), state(seed=2)
    values = []
    for t in (0.0, 0.9):
        time = torch.full((3,), t)
        cells, places = targets("flow", time, noise, crystal)
        wrong = Step(cells + 0.01, places, torch.zeros(3, 4, 104))
        values.append(losses("flow", wrong, noise, crystal, time, crystal.types))
    torch.testing.assert_close(values[1] / values[0], torch.full((3,), 1.01 / 0.02), rtol=1e-3, atol=0.0)


def test_a_flow_of_an_earlier_version_is_refused(engine, tmp_path):
    kept = checkpoints.read(checkpoints.located(engine.weights), "diffusion")
    card = {k: v for k, v in kept.card.items() if k not in ("says", "sha256", "format")}
    checkpoints.write(tmp_path / "old.safetensors", kept.tensors, card)
    old = replace(engine, weights=str(tmp_path / "old.safetensors"))
    if card["interpolant"] == "diffusion":
        old.check()
        return
    with pytest.raises(ValueError, match="says velocities"):
        old.check()
    with pytest.raises(ValueError, match="says velocities"):
        old.draw([Conditions()], [0])


def test_the_score_is_the_slope_of_the_wrapped_density():
    x = torch.linspace(-0.49, 0.49, 21, dtype=torch.float64)
    for deviation in (0.05, 0.2, 0.5):
        images = torch.arange(-10, 11, dtype=torch.float64)

        def log_density(at, deviation=deviation, images=images):
            return torch.logsumexp(-0.5 * ((at[:, None] + images) / deviation) ** 2, dim=1)

        slope = (log_density(x + 1e-5) - log_density(x - 1e-5)) / 2e-5
        torch.testing.assert_close(score(x, torch.full_like(x, deviation)), slope, atol=1e-4, rtol=1e-4)
    assert float(scale_of_score(torch.tensor([0.005]))) == pytest.approx(1.0, abs=0.01)
    assert float(scale_of_score(torch.tensor([0.5]))) < 0.2


def test_the_network_does_not_see_shifts_or_whole_turns_and_follows_the_order_of_atoms():
    network = PeriodicNetwork(Shape(width=32, layers=2)).eval()
    at = state()
    with torch.no_grad():
        said = network(at)
        shift = torch.tensor([0.3, 1.7, -0.4])
        moved = network(State(at.cells, at.fractional + shift, at.types, at.inside, at.time, at.targets))
        order = torch.tensor([2, 0, 3, 1])
        other = network(State(at.cells, at.fractional[:, order], at.types[:, order], at.inside, at.time, at.targets))
    torch.testing.assert_close(said.fractional, moved.fractional, atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(said.fractional[:, order], other.fractional, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(said.cells, other.cells, atol=1e-5, rtol=1e-4)
    assert float(said.fractional.sum(dim=1).abs().max()) < 1e-5


def test_a_flow_that_says_the_truth_arrives_at_the_crystal():
    crystal, noise = state(seed=1), state(seed=2)
    time = torch.full((3,), 0.4)
    cells, places = between("flow", time, noise, crystal)
    said = Step(*targets("flow", time, noise, crystal), torch.zeros(3, 4, 104))
    at = State(cells, places, crystal.types, crystal.inside, time, crystal.targets)
    end = arrived(said, at)
    torch.testing.assert_close(end.cells, crystal.cells)
    apart = wrapped(end.fractional - crystal.fractional)
    assert float((apart - apart.mean(dim=1, keepdim=True)).abs().max()) < 1e-5


def test_a_diffusion_that_says_the_truth_comes_back_from_a_little_noise():
    crystal, noise = state(seed=1), state(seed=2)
    time = torch.full((3,), 0.9)
    cells, places = between("diffusion", time, noise, crystal)
    truth = targets("diffusion", time, noise, crystal)
    at = State(cells, places, crystal.types, crystal.inside, time, crystal.targets)
    end = denoised(Step(*truth, torch.zeros(3, 4, 104)), at, 1.0, (torch.zeros(3, 6), torch.zeros(3, 4, 3)))
    torch.testing.assert_close(end[0], crystal.cells, atol=1e-4, rtol=1e-3)
    before, after = (wrapped(x - crystal.fractional) for x in (places, end[1]))
    before, after = (x - x.mean(dim=1, keepdim=True) for x in (before, after))
    assert float(after.abs().max()) < 0.6 * float(before.abs().max())


def test_a_formula_is_exact_and_elements_are_kept_in_all_samples(engine):
    made = crystals(engine.draw([Conditions(formula="SrTiO3", atoms=(5, 5))] * 6, list(range(6))))
    assert made
    assert all(sorted(m.numbers) == [8, 8, 8, 22, 38] for m in made)
    made = crystals(engine.draw([Conditions(elements=("Na", "Cl"), atoms=(2, 4))] * 6, list(range(6))))
    assert made
    assert all(set(m.numbers) <= {11, 17} and 2 <= len(m.numbers) <= 4 for m in made)


def test_what_is_drawn_does_not_depend_on_what_is_drawn_beside_it(engine):
    wanted = [Conditions(), Conditions(formula="MgO"), Conditions(targets={"band_gap_ev": 2.0}, guidance=2.0)] * 4
    together = engine.draw(wanted, list(range(12)))
    for i in (0, 4, 5, 11):
        alone = engine.draw([wanted[i]], [i])[0]
        if isinstance(alone, Refusal):
            assert alone == together[i]
        else:
            assert alone.lattice.tobytes() == together[i].lattice.tobytes()
            assert alone.fractional.tobytes() == together[i].fractional.tobytes()


@pytest.mark.parametrize("kind", list(motifs.NETS))
def test_a_motif_is_kept_in_all_samples_by_measurement(engine, kind):
    motif = Motif(kind, elements=("Ti",), spacing_angstrom=3.4)
    made = crystals(engine.draw([Conditions(motif=motif, atoms=(3, 6))] * 5, list(range(5))))
    assert made
    for one in made:
        assert motifs.holds(motif, one.lattice, one.fractional, one.numbers) == ""


def test_the_check_of_motifs_tells_nets_apart():
    for kind in motifs.NETS:
        motif = Motif(kind, spacing_angstrom=3.0)
        places = motifs.sites(motif)
        numbers = np.full(len(places), 26)
        for other in motifs.NETS:
            said = motifs.holds(Motif(other), motifs.cell(motif, 3.0, 5.0), places, numbers)
            assert (said == "") == (kind == other), (kind, other, said)
        moved = places + np.array([[0.06, 0, 0]] + [[0, 0, 0]] * (len(places) - 1))
        if len(places) > 1:
            assert motifs.holds(motif, motifs.cell(motif, 3.0, 5.0), moved, numbers)
        assert "instead of 4" in motifs.holds(
            Motif(kind, spacing_angstrom=4.0), motifs.cell(motif, 3.0, 5.0), places, numbers
        )


def test_refusals_say_why(engine):
    wanted = [
        Conditions(formula="UO2"),
        Conditions(formula="SrTiO3", motif=Motif("kagome", elements=("Ti",)), atoms=(5, 5)),
        Conditions(motif=Motif("kagome"), atoms=(1, 2)),
        Conditions(atoms=(30, 40)),
    ]
    reasons = [a.reason for a in engine.draw(wanted, [0, 1, 2, 3]) if isinstance(a, Refusal)]
    assert "U is not among the elements" in reasons[0]
    assert "no element with the 3 atoms of a kagome net" in reasons[1]
    assert "more than the atoms allowed" in reasons[2]
    assert "trained on cells of at most" in reasons[3]


def test_a_new_property_changes_nothing_before_it_is_trained_and_then_alone_is_trained(engine):
    kept = checkpoints.read(checkpoints.located(engine.weights), "diffusion")
    network = adapted(kept, ("bulk_modulus_gpa",)).eval()
    at = state()
    open_ = torch.full((3, 2), math.nan)
    given = open_.clone()
    given[:, 1] = 1.5
    with torch.no_grad():
        one = network(State(at.cells, at.fractional, at.types, at.inside, at.time, open_))
        two = network(State(at.cells, at.fractional, at.types, at.inside, at.time, given))
    torch.testing.assert_close(one.cells, two.cells)
    light = fine_tuned_parts(network)
    assert 0 < sum(p.numel() for p in light) < 0.5 * sum(p.numel() for p in network.parameters())
    said = network(State(at.cells, at.fractional, at.types, at.inside, at.time, given))
    torch.autograd.backward(said.cells.sum())
    assert float(network.properties["bulk_modulus_gpa"].last.weight.grad.abs().max()) > 0


def test_refining_moves_a_crystal_and_keeps_group_positions_and_formula_whatever_the_network_says():
    whole = structures()
    genes = [encode(*whole.crystal(i)) for i in range(len(whole))]
    network = PeriodicNetwork(Shape(width=32, layers=2)).eval()
    standard = Standard((1.0, 1.0, 1.0, 0.0, 0.0, 0.0), (0.3, 0.3, 0.3, 0.1, 0.1, 0.1))
    ends = refined(network, standard, genes, begin=0.9, steps=3)
    assert refined(network, standard, genes[3:4], begin=0.9, steps=3) == ends[3:4]
    for gene, end in zip(genes, ends, strict=True):
        assert [(s.position, s.element) for s in end.sites] == [(s.position, s.element) for s in gene.sites]
        again = encode(*end.crystal(), symprec=1e-4)
        assert again.group == gene.group
        assert again.atoms == gene.atoms
        assert end.cell != gene.cell
        before, after = ([p for s in g.sites for p in s.parameters] for g in (gene, end))
        assert before != after or not before


def test_proposals_with_symmetry_are_refined_and_keep_what_was_asked_for(engine):
    refining = replace(engine, proposals="wyckoff-1", steps=4)
    if engine.card()["interpolant"] != "flow":
        with pytest.raises(ValueError, match=r"refined by a flow, and .* trained for diffusion"):
            refining.check()
        return
    refining.check()
    wanted = Conditions(formula="SrTiO3", space_groups=(221,), atoms=(5, 5))
    made = crystals(refining.draw([wanted] * 3, [0, 1, 2]))
    assert made
    for one in made:
        assert one.space_group == 221
        assert encode(one.lattice, one.fractional, one.numbers, symprec=1e-3).group == 221
        assert sorted(one.numbers) == [8, 8, 8, 22, 38]
        assert one.log_probability is not None
    assert "space_groups" in refining.understands()
    assert refining.checkpoint != engine.checkpoint
