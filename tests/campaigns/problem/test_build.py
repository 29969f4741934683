"""A spec's parts are built and checked against each other before anything runs."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.file import plugins
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.problem import build as problem
from eutectic.oracles.base import EngineMissing
from tests.campaigns import fakes

GOOD = """\
name: alloy
space: {use: square, side: 2.0}
objectives:
  hardness_gpa: maximize
  cost_usd: minimize
oracles:
  - {name: md, use: probe, cells: 5, cost: 12}
optimizers:
  - {use: dice, evaluations: 12}
  - {use: dice}
budget: {evaluations: 60, batch: 4}
"""


@pytest.fixture(autouse=True)
def _fake_parts(monkeypatch):
    for kind, table in fakes.TABLES.items():
        monkeypatch.setitem(plugins.KINDS, kind, table)


@pytest.fixture
def build(tmp_path):
    """The problem of the good file with overrides."""

    def make(*overrides, **options):
        path = tmp_path / "c.yaml"
        path.write_text(GOOD)
        return problem.build(CampaignSpec.from_file(path, overrides), tmp_path, **options)

    return make


@pytest.fixture
def lines(build, tmp_path):
    """What it is refused with."""

    def refused(*overrides):
        with pytest.raises(CampaignFileError) as caught:
            build(*overrides)
        return str(caught.value).replace(f"{tmp_path}/", "").splitlines()

    return refused


def test_every_part_is_built(build, tmp_path):
    built = build()
    assert built.folder == tmp_path
    assert built.generator == fakes.Square(side=2.0)
    assert built.space.names == ("a", "b")
    assert [(s.name, s.evaluations) for s in built.stages] == [("dice", 12), ("dice", None)]
    assert built.recipes == (fakes.Recipe(), fakes.Recipe())
    (named,) = built.oracles
    assert (named.name, named.use, named.cost, named.inline) == ("md", "probe", 12, False)


def test_an_oracle_is_restricted_to_what_is_wanted_here_and_in_a_worker(build, tmp_path):
    (named,) = build("oracles.md.returns=[x, hardness_gpa, y, cost_usd]").oracles
    assert named.oracle.wanted == ("hardness_gpa", "cost_usd")
    content = json.loads(json.dumps(named.content))
    assert plugins.build("oracles", content, tmp_path) == named.oracle


def test_the_settings_hash_knows_options_but_neither_name_nor_cost(build):
    one = build().oracles[0].settings_hash
    assert len(one) == 64
    assert build("oracles.md.cost=99", "oracles.md.name=other").oracles[0].settings_hash == one
    assert build("oracles.md.cells=6").oracles[0].settings_hash != one


def test_optimizers_get_one_recipe_an_output(build):
    built = build(
        "surrogates={default: {use: line, degree: 2}, x: {use: gp}}",
        "constraints={x: {min: 0, max: 9}}",
        "oracles.md.returns=[x, hardness_gpa, cost_usd]",
    )
    degrees = [recipe.degree for recipe in built.recipes]
    assert degrees == [2, 2, 1, 1]
    assert built.stages[0].optimizer.recipes == built.recipes


@pytest.mark.parametrize(("kind", "vectorised"), [("fraction", True), ("continuous", False)])
def test_a_constraint_on_a_screened_property_is_known_to_the_space(build, monkeypatch, kind, vectorised):
    if vectorised:
        monkeypatch.delattr(fakes.Sieve, "screen")
        monkeypatch.setattr(
            fakes.Sieve, "screen", lambda self, candidates: pytest.fail("not vectorised"), raising=False
        )
    built = build(
        f"space.kind={kind}", "constraints={total: {min: 0.5, max: 3}}", "oracles=[{use: sieve}, {use: probe}]"
    )
    X = np.array([[0.1, 0.1], [0.5, 0.5], [2.0, 1.5]])
    assert built.space.known(X) == pytest.approx(np.array([[0.3, -2.8], [-0.5, -2.0], [-3.0, 0.5]]))
    assert [str(limit) for limit in built.spec.limits] == ["total >= 0.5", "total <= 3"]
    assert built.learned == ()
    assert len(built.recipes) == len(built.spec.goals)


def test_known_constraints_of_several_screens_add_up(build, monkeypatch):
    class Other:
        properties = ("spread",)

        def screen(self, candidates):
            return {"spread": [float("nan") for _ in candidates]}

    from eutectic.campaigns.file.goals import Limit
    from eutectic.campaigns.problem.screening import screened

    built = build("constraints={total: {min: 0.5}}", "oracles=[{use: sieve}, {use: probe}]")
    space = screened(built.space, built.generator, Other(), [Limit("spread", "max", 1.0)])
    assert space.known(np.array([[1.0, 1.0]])).tolist() == [[-1.5, np.inf]]


def test_known_constraints_that_leave_nothing_are_refused(lines):
    (line,) = lines("constraints={total: {min: 99}}", "oracles=[{use: sieve}, {use: probe}]")
    assert line.startswith("--set constraints={total: {min: 99}}: constraints: total >= 99: the known constraints")


def test_bad_parts_are_all_named(lines):
    found = lines("space.file=no.csv", "history.file=old.csv")
    assert [line.split(": ")[1] for line in found] == ["space.file", "history.file"]
    assert "no such file or folder" in found[1]


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("space.side=0", "space.side: side 0 leaves no candidate"),
        (
            "objectives.hardnes_gpa=maximize",
            "no oracle returns 'hardnes_gpa'; did you mean 'hardness_gpa'? returned: cost_usd, hardness_gpa",
        ),
        ("constraints.vec={min: 8}", "constraints.vec: no oracle returns 'vec'; returned: cost_usd, hardness_gpa"),
        ("objectives.a=minimize", "objectives.a: 'a' is also a variable of the space"),
        (
            "oracles=[{use: probe}, {name: again, use: probe}]",
            "oracles.1: 'probe' and 'again' both return 'hardness_gpa'",
        ),
        (
            "fidelity={policy: gates}",
            "fidelity: no two oracles return the same wanted property: 'md' hardness_gpa, cost_usd",
        ),
        (
            "validate={oracle: md, options: {cels: 3}}",
            "validate.options.cels: unknown key 'cels'; did you mean 'cells'?",
        ),
        ("oracles.md.limit=1.5", "oracles.0: 'md' refuses this space: a up to 2 is above 1.5"),
        ("oracles.md.wrong=cells of gold", "oracles.0.cells: cells of gold"),
        (
            "optimizers=[{use: picky}]",
            "optimizers.0.use: 'picky' cannot serve this: it knows one objective only; those that can: dice",
        ),
    ],
)
def test_parts_that_do_not_fit_are_refused(lines, override, says):
    found = lines(override)
    assert any(says in line for line in found), found
    assert all(line.startswith(("c.yaml:", "--set ")) for line in found)


def test_a_wrong_option_of_the_validation_is_the_only_complaint(lines):
    found = lines(
        "oracles=[{use: probe}, {name: md, use: probe, search: false}]", "validate={oracle: md, options: {cels: 3}}"
    )
    assert len(found) == 1
    assert "validate.options.cels: unknown key 'cels'; did you mean 'cells'?" in found[0]


def test_numbers_too_large_to_count_with_are_refused(tmp_path, monkeypatch):
    table = {"parameters": "eutectic.generators.parameters:Parameters"}
    monkeypatch.setitem(plugins.KINDS, "generators", table)
    content = yaml.safe_load(GOOD)
    content["space"] = {"use": "parameters", "variables": {"n": {"low": 1, "high": 1e300, "integer": True}}}
    with pytest.raises(CampaignFileError, match=r"^space: 1e.300 levels are more than can be numbered"):
        problem.build(CampaignSpec.from_content(content), tmp_path)


def test_an_oracle_that_cannot_tell_may_return_anything(build):
    built = build("oracles=[{use: anything}]", "objectives={what_so_ever: minimize}")
    assert built.oracles[0].inline


def test_a_missing_engine_is_raised_with_its_cure_unless_only_the_file_is_checked(build):
    with pytest.raises(EngineMissing, match="pip install"):
        build("oracles.md.broken=pip install it")
    assert build("oracles.md.broken=pip install it", engines=False).oracles


def test_a_problem_can_be_rebuilt_from_what_was_recorded(build, tmp_path):
    built = build()
    again = problem.build(CampaignSpec.from_content(built.spec.dump()), tmp_path)
    assert again.oracles == built.oracles
    assert again.stages == built.stages


def test_a_rebuilt_problem_that_does_not_fit_is_refused_without_lines(build, tmp_path):
    content = yaml.safe_load(GOOD)
    content["objectives"] = {"x": "minimize"}
    with pytest.raises(CampaignFileError, match=r"^objectives.x: no oracle returns 'x'"):
        problem.build(CampaignSpec.from_content(content), tmp_path)


def test_the_bundled_campaign_is_built_without_torch():
    code = (
        "import sys; from eutectic import CampaignSpec; from eutectic.campaigns.problem import build as problem\n"
        "spec = CampaignSpec.from_file('examples/multi_principal_alloy.yaml')\n"
        "built = problem.build(spec, 'examples', engines=False)\n"
        "assert built.space.d == 5 and len(built.recipes) == 2\n"
        "print([name for name in ('torch', 'botorch', 'pandas', 'mlflow', 'pymatgen') if name in sys.modules])"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.strip() == "[]"


def test_a_measured_property_cannot_be_asked_to_be_a_number(build):
    with pytest.raises(
        CampaignFileError, match=r"no measured value is exactly 0.2: write an objective `total: .target"
    ):
        build("constraints={total: {min: 0.2, max: 0.2}}", "oracles=[{use: probe, returns: [hardness_gpa, total]}]")
