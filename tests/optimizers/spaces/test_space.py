"""The region of a space: counted, listed, sampled, tested, mended, and refused when empty."""

from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eutectic.generators.linear_constraints import parse
from eutectic.optimizers.base import Array, Mixture, Space
from eutectic.optimizers.spaces import grid, region
from eutectic.optimizers.spaces.hit_and_run import walk
from eutectic.optimizers.spaces.polytope import system

NAMES = "ABCDEFGHIJKLMNOPQRST"


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def alloy(
    k: int,
    divisions: int | None,
    low: float | list[float] = 0.0,
    high: float | list[float] = 1.0,
    least: int = 1,
    most: int | None = None,
    or_zero: bool = False,
    linear: tuple[str, ...] = (),
) -> Space:
    names = tuple(NAMES[:k])
    return Space(
        names=names,
        kinds=("fraction",) * k,
        lower=np.full(k, low) if isinstance(low, float) else np.array(low),
        upper=np.full(k, high) if isinstance(high, float) else np.array(high),
        mixtures=(Mixture(tuple(range(k)), (or_zero,) * k, divisions, least, most),),
        linear=tuple(line for text in linear for line in parse(text, names)),
    )


def everything(divisions: int | None, linear: tuple[str, ...] = ("A + B <= 0.7", "T + 100*n <= 1000")) -> Space:
    """Two mixtures and every kind of free column."""
    names = ("A", "B", "C", "T", "n", "solvent", "P", "U", "V", "flow")
    return Space(
        names=names,
        kinds=("fraction",) * 3
        + ("continuous", "integer", "categorical", "continuous")
        + ("fraction",) * 2
        + ("continuous",),
        lower=np.array([0, 0, 0.1, 300, 1, 0, 0, 0.1, 0, 2.0]),
        upper=np.array([1, 0.5, 1, 900, 9, 2, 5.0, 0.9, 0.9, 3.0]),
        categories=((), (), (), (), (), ("x", "y", "z"), (), (), (), ()),
        steps=(None, None, None, 50.0, None, None, 0.5, None, None, None if divisions is None else 0.25),
        mixtures=(
            Mixture((0, 1, 2), (False,) * 3, divisions),
            Mixture((7, 8), (False, True), divisions, min_present=2),
        ),
        linear=tuple(line for text in linear for line in parse(text, names)),
    )


def brute(space: Space) -> Array:
    """All points of a small composition grid, by looking at every combination."""
    mixture = space.mixtures[0]
    assert mixture.divisions is not None
    points = np.array([p for p in product(range(mixture.divisions + 1), repeat=space.d) if sum(p) == mixture.divisions])
    X = points / mixture.divisions
    return X[region.contains(space, X)]


SPACES = {
    "simplex": alloy(4, None),
    "bounded": alloy(5, None, 0.05, 0.35),
    "unequal bounds": alloy(4, None, [0.0, 0.1, 0.2, 0.0], [0.3, 0.9, 0.4, 0.25]),
    "pinned": alloy(4, None, [0.2, 0.0, 0.0, 0.0], [0.2, 1.0, 1.0, 1.0]),
    "tight caps": alloy(15, None, 0.0, 0.08),
    "or zero": alloy(8, None, 0.05, 0.35, 3, 5, True),
    "at most three": alloy(6, None, 0.0, 1.0, 2, 3),
    "constrained": alloy(5, None, 0.05, 0.35, linear=("A + B <= 0.3", "A <= C")),
    "thin": alloy(5, None, 0.0, 1.0, linear=("A + B <= 0.005", "A <= C")),
    "flat": alloy(5, None, 0.0, 1.0, linear=("A + B = 0.3",)),
    "or zero, constrained": alloy(7, None, 0.05, 0.35, 3, 5, True, ("A + B <= 0.1", "C + D >= 0.6")),
    "grid": alloy(6, 20, 0.0, 0.35, 3, 5),
    "grid or zero": alloy(5, 20, 0.15, 0.6, 2, 3, True),
    "grid, constrained": alloy(5, 20, 0.0, 1.0, linear=("2*A - B >= 0.1", "C <= D")),
    "grid, intricate": alloy(
        12, 100, 0.0, 1.0, 1, 5, linear=("+".join(f"{1.2345 * i + 1}*{c}" for i, c in enumerate(NAMES[:12])) + " <= 8",)
    ),
    "everything": everything(None),
    "everything on a grid": everything(5),
    "mixed tie": everything(None, ("100*A + n <= 20", "T + 100*P <= 500", "n + flow >= 3.5")),
    "mixed thin tie": everything(None, ("flow = 0.25*n", "A + B <= 0.5")),
    "table": Space(("a", "b"), ("continuous",) * 2, np.zeros(2), np.ones(2), table=rng(3).random((50, 2))),
    "known": Space(
        ("a", "b"), ("continuous",) * 2, np.zeros(2), np.ones(2), known=lambda X: (X**2).sum(1, keepdims=True) - 0.5
    ),
}


@pytest.mark.parametrize("name", SPACES)
def test_samples_lie_in_the_region_and_repeat_with_the_seed(name: str) -> None:
    space = SPACES[name]
    X = region.sample(space, 200, rng(1))
    assert X.shape == (200, space.d)
    assert region.contains(space, X).all()
    assert (region.sample(space, 200, rng(1)) == X).all()


@pytest.mark.parametrize("name", SPACES)
def test_snap_ends_in_the_region_and_leaves_its_points_alone(name: str) -> None:
    space = SPACES[name]
    far = space.lower - 0.2 + rng(2).random((20, space.d)) * (space.upper - space.lower + 0.4)
    assert region.contains(space, region.snap(space, far)).all()
    inside = region.sample(space, 20, rng(3))
    assert region.snap(space, inside) == pytest.approx(inside, abs=1e-7)


@pytest.mark.parametrize("name", [n for n in SPACES if "intricate" not in n and "mixed" not in n and n != "known"])
def test_no_sampled_point_is_nearer_than_the_snapped_one(name: str) -> None:
    space = SPACES[name]
    x = space.lower - 0.2 + rng(4).random((10, space.d)) * (space.upper - space.lower + 0.4)
    categorical = np.array([kind == "categorical" for kind in space.kinds])
    width = np.where([kind == "fraction" for kind in space.kinds], 1.0, space.upper - space.lower)

    def gap(y: Array) -> Array:
        difference = (y - x[:, None]) / width
        difference[..., categorical] = np.round(y - x[:, None])[..., categorical] != 0
        return (difference**2).sum(-1)

    snapped = region.snap(space, x)
    own = gap(np.repeat(snapped[:, None], 1, axis=1))[:, 0]
    assert (own <= gap(region.sample(space, 3000, rng(5))[None]).min(1) + 1e-9).all()


# --- counting and enumerating -------------------------------------------------------------------------------------


@given(
    k=st.integers(2, 4),
    divisions=st.integers(2, 8),
    bounds=st.lists(st.tuples(st.integers(0, 5), st.integers(3, 10)), min_size=4, max_size=4),
    present=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    or_zero=st.booleans(),
    linear=st.sampled_from([(), ("A <= B",), ("A + 2*B <= 1.1",), ("A/3 + 0.25*B >= 0.1", "B <= 0.6")]),
)
@settings(max_examples=150, deadline=None)
def test_grid_equals_brute_force(k, divisions, bounds, present, or_zero, linear) -> None:
    low, high = [b[0] / 20 for b in bounds[:k]], [max(b) / 10 for b in bounds[:k]]
    space = alloy(k, divisions, low, high, min(present), min(max(present), k), or_zero, linear)
    expected = brute(space)
    assert region.count(space) == len(expected)
    listed = region.enumerate_points(space)
    assert listed is not None
    assert {tuple(row) for row in listed} == {tuple(row) for row in expected}
    if len(expected):
        X = region.sample(space, 20, rng())
        assert region.contains(space, X).all()
        x = rng(divisions).random((5, k))
        best = ((x[:, None] - expected) ** 2).sum(-1).min(1)
        assert ((x - region.snap(space, x)) ** 2).sum(1) == pytest.approx(best, abs=1e-12)
    else:
        with pytest.raises(ValueError, match="nothing satisfies"):
            region.require_nonempty(space)


def test_counts_are_exact_however_large() -> None:
    assert region.count(alloy(6, 20, 0.0, 0.35, 3, 5)) == 11_001
    assert region.count(alloy(10, 20)) == comb(29, 9)
    assert region.count(alloy(15, 100)) == comb(114, 14)
    assert region.count(alloy(20, 200)) == comb(219, 19)
    assert region.count(alloy(12, 100, most=5)) == sum(comb(12, s) * comb(99, s - 1) for s in range(1, 6))
    assert region.count(alloy(5, None)) is None


def test_every_rank_is_one_point_and_ranks_follow_the_enumeration() -> None:
    table = grid.table(SPACES["grid"])
    listed = np.concatenate(list(grid.chunks(table, 500)))
    assert len(np.unique(listed, axis=0)) == table.total == 11_001
    assert (grid.unrank(table, np.arange(table.total)) == listed).all()


def test_ranks_beyond_64_bits_are_unranked() -> None:
    table = grid.table(alloy(20, 200))
    last = grid.unrank(table, np.array([0, table.total - 1, table.total // 3], dtype=object))
    X = grid.values(table, last)
    assert X.sum(1) == pytest.approx(np.ones(3))
    assert X[0, 19] == 1.0
    assert X[1, 0] == 1.0


def test_a_product_of_blocks_is_counted_and_listed() -> None:
    space = SPACES["everything on a grid"]
    listed = region.enumerate_points(space, 10_000_000)
    assert listed is not None
    assert len(listed) == region.count(space)
    assert len(set(map(bytes, listed))) == len(listed)
    assert region.contains(space, listed).all()
    mixture = len(brute(alloy(3, 5, [0.0, 0.0, 0.1], [1.0, 0.5, 1.0], linear=("A + B <= 0.7",))))
    warm = sum(1 for t in range(300, 901, 50) for n in range(1, 10) if t + 100 * n <= 1000)
    assert len(listed) == mixture * warm * 3 * 11 * 4 * 5


def test_too_many_points_are_walked_in_pieces_instead() -> None:
    space = alloy(7, 20)
    assert region.enumerate_points(space, limit=1000) is None
    assert sum(len(piece) for piece in region.walk(space, 5000)) == comb(26, 6)


def test_known_constraints_thin_the_enumeration_and_the_count() -> None:
    base = alloy(3, 10)
    space = Space(
        base.names, base.kinds, base.lower, base.upper, mixtures=base.mixtures, known=lambda X: X[:, :1] - 0.35
    )
    listed = region.enumerate_points(space)
    assert listed is not None
    assert region.count(space) == len(listed) == sum(11 - a for a in range(4))
    assert (region.snap(space, np.array([[0.9, 0.1, 0.0]])) == np.array([[0.3, 0.4, 0.3]])).all()


# --- uniformity -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["grid or zero", "grid, constrained"])
def test_grid_samples_are_uniform(name: str) -> None:
    from scipy.stats import chisquare

    space = SPACES[name]
    number = region.count(space)
    assert number is not None
    X = region.sample(space, 30 * number, rng(11))
    _, counts = np.unique(np.round(X * 20).astype(int), axis=0, return_counts=True)
    assert len(counts) == number
    assert chisquare(counts).pvalue > 1e-3


def dirichlet(space: Space, n: int, seed: int) -> Array:
    """Uniform points by the plainest rejection there is."""
    X = rng(seed).dirichlet(np.ones(space.d), size=n)
    return X[region.contains(space, X)]


def assert_same_distribution(X: Array, reference: Array) -> None:
    """Every marginal and every pair's sum by Kolmogorov-Smirnov, with room for the number of tests."""
    from scipy.stats import ks_2samp

    columns = [(X[:, i], reference[:, i]) for i in range(X.shape[1])]
    columns += [(X[:, i] - X[:, i - 1], reference[:, i] - reference[:, i - 1]) for i in range(1, X.shape[1])]
    assert min(ks_2samp(a, b).pvalue for a, b in columns) > 1e-4


@pytest.mark.parametrize("name", ["simplex", "bounded", "unequal bounds", "constrained"])
def test_continuous_samples_are_uniform(name: str) -> None:
    space = SPACES[name]
    assert_same_distribution(region.sample(space, 20_000, rng(12)), dirichlet(space, 400_000, 13))


def test_hit_and_run_is_uniform() -> None:
    space = SPACES["constrained"]
    polytope = system(space, [np.ones(5, dtype=bool)])
    start = polytope.centre()
    assert start is not None
    X = walk(polytope, start, 5000, rng(14))
    assert region.contains(space, X).all()
    assert_same_distribution(X, dirichlet(space, 400_000, 15))


def test_slices_that_rejection_rarely_hits_are_uniform() -> None:
    space = alloy(6, None, 0.0, 0.22)
    assert_same_distribution(region.sample(space, 5000, rng(16)), dirichlet(space, 2_000_000, 17))


def test_supports_of_one_size_weigh_as_their_volume() -> None:
    space = alloy(3, None, [0.0, 0.0, 0.0], [1.0, 1.0, 0.5], 2, 2)
    X = region.sample(space, 30_000, rng(18))
    share = [((X > 0) == np.array(mask)).all(1).mean() for mask in ((1, 1, 0), (1, 0, 1), (0, 1, 1))]
    assert share == pytest.approx([0.5, 0.25, 0.25], abs=0.015)  # lengths of the edges: 1, 1/2, 1/2


def test_sizes_weigh_as_their_number_of_supports() -> None:
    space = alloy(6, None, 0.05, 0.9, 2, 4, True)
    sizes = (region.sample(space, 30_000, rng(19)) > 0).sum(1)
    number = np.array([15, 20, 15])
    assert [np.mean(sizes == s) for s in (2, 3, 4)] == pytest.approx(number / 50, abs=0.015)


@pytest.mark.parametrize("divisions", [None, 20])
def test_no_element_is_special(divisions: int | None) -> None:
    X = region.sample(alloy(6, divisions, 0.05, 0.4), 20_000, rng(20))
    assert X.mean(0) == pytest.approx(np.full(6, 1 / 6), abs=0.004)
    assert X.std(0) == pytest.approx(np.full(6, X.std()), rel=0.03)


def test_a_tie_between_stepped_and_continuous_columns_keeps_the_law() -> None:
    names = ("n", "x")
    space = Space(
        names, ("integer", "continuous"), np.array([0.0, 0.0]), np.array([3.0, 3.0]), linear=parse("n + x <= 3", names)
    )
    X = region.sample(space, 20_000, rng(21))
    share = [np.mean(X[:, 0] == n) for n in range(4)]
    assert share == pytest.approx([1 / 2, 1 / 3, 1 / 6, 0], abs=0.015)  # lengths 3, 2, 1, 0


# --- membership -----------------------------------------------------------------------------------------------------


def test_rounding_of_fractions_is_no_reason_to_refuse() -> None:
    space = alloy(3, 10, 0.1, 0.8)
    assert region.contains(space, np.array([[0.1 + 0.2, 0.1, 0.6], [0.3, 0.1, 0.6 - 1e-13]])).all()
    assert region.count(alloy(10, 10, 0.1, 1.0)) == 1
    assert region.count(alloy(3, 10, 0.0, 1.0, linear=("A + B <= 0.3",))) == 10


@pytest.mark.parametrize(
    "row",
    [
        [0.5, 0.5, 0.1, 0.0],
        [0.55, 0.45, 0.0, 0.0],
        [0.7, 0.3, 0.0, 0.0],
        [1.0, 0.0, 0.0, 0.0],
        [0.3, 0.3, 0.3, 0.1],
        [0.3, 0.5, 0.2, 0.0],
        [np.nan, 0.5, 0.5, 0.0],
    ],
)
def test_points_outside_are_told(row: list[float]) -> None:
    space = alloy(4, 10, 0.2, 0.6, 2, 3, True, ("A >= B",))
    assert region.contains(space, np.array([[0.6, 0.4, 0.0, 0.0], row])).tolist() == [True, False]


# --- empty regions --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("space", "words", "absent"),
    [
        (alloy(3, None, 0.4, 0.5), ["A, B, C >= 0.4", "sum to one"], "0.5"),
        (alloy(3, None, 0.1, 0.3), ["A, B, C <= 0.3"], "0.1"),
        (alloy(4, 20, 0.0, 0.35, 1, 2), ["<= 0.35", "at most 2 present"], ">="),
        (alloy(5, None, 0.3, 1.0, 4, 5, True), ["0 or >= 0.3", "at least 4 present"], "<="),
        (alloy(4, None, linear=("A + B <= 0.3", "C + D <= 0.6", "A >= 0.1")), ["A + B <= 0.3", "C + D <= 0.6"], "0.1"),
        (alloy(4, 10, 0.02, 0.08), ["steps of 0.1"], "present"),
        (alloy(4, 7, linear=("A = 0.5",)), ["A = 0.5", "steps of 0.142857"], "<="),
        (everything(None, ("T >= 800", "T + 100*n <= 850")), ["T >= 800", "T + 100*n <= 850", "n >= 1"], "P"),
    ],
)
def test_an_empty_region_is_refused_with_the_rules_that_clash(space: Space, words: list[str], absent: str) -> None:
    with pytest.raises(ValueError, match="nothing satisfies all of") as refusal:
        region.require_nonempty(space)
    said = str(refusal.value).partition(":")[2]
    assert all(word in said for word in words), said
    assert absent not in said
    with pytest.raises(ValueError, match="nothing satisfies"):
        region.sample(space, 3, rng())


def test_known_constraints_that_reject_everything_are_refused() -> None:
    continuous = Space(("a",), ("continuous",), np.zeros(1), np.ones(1), known=lambda X: X * 0 + 1)
    with pytest.raises(ValueError, match="known constraints reject"):
        region.sample(continuous, 1, rng())
    finite = Space(("a",), ("integer",), np.zeros(1), np.ones(1), known=lambda X: X * 0 + 1)
    with pytest.raises(ValueError, match="known constraints rule out"):
        region.require_nonempty(finite)


def test_an_empty_table_is_refused() -> None:
    with pytest.raises(ValueError, match="empty table"):
        region.require_nonempty(Space(("a",), ("continuous",), np.zeros(1), np.ones(1), table=np.empty((0, 1))))


# --- constraints as text --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "coefficients", "bound"),
    [
        ("Fe + Ni <= 0.6", (1, 1, 0), 0.6),
        ("2*Fe - Ni >= 0.1", (-2, 1, 0), -0.1),
        ("Fe <= Ni", (1, -1, 0), 0),
        ("0.1 + Fe <= 0.3", (1, 0, 0), 0.2),
        ("0.5*(Fe + Ni)/2 <= Cr - 1", (0.25, 0.25, -1), -1),
        ("-(Fe - 2*Ni) <= 3 - 2*Ni", (-1, 4, 0), 3),
        ("`Fe` ≤ 0.5", (1, 0, 0), 0.5),
    ],
)
def test_constraints_are_read(text: str, coefficients: tuple[float, ...], bound: float) -> None:
    (line,) = parse(text, ("Fe", "Ni", "Cr"))
    assert (line.coefficients, line.bound, line.text) == (coefficients, bound, text)


def test_equalities_and_chains_are_two_constraints() -> None:
    assert [line.bound for line in parse("Fe = 0.2", ("Fe", "Ni"))] == [0.2, -0.2]
    assert [line.bound for line in parse("0.2 <= Fe + Ni <= 0.6", ("Fe", "Ni"))] == [-0.2, 0.6]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Fee <= 0.5", "did you mean 'Fe'"),
        ("fe <= 0.5", "did you mean 'Fe'"),
        ("Fe * Ni <= 0.5", "not linear"),
        ("Fe < 0.5", "write <="),
        ("Fe + Ni", "needs one of"),
        ("Fe - Fe <= 0", "no variable"),
        ("Fe + <= 1", "cannot read"),
        ("abs(Fe) <= 1", "cannot read"),
        ("1/0*Fe <= 1", "not linear"),
    ],
)
def test_constraints_that_cannot_be_read_say_why(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse(text, ("Fe", "Ni"))
