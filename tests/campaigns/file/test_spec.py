"""A campaign file becomes a frozen spec, or one error that says everything wrong with it by line and path."""

import copy
import json
import math

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.file import plugins
from eutectic.campaigns.file.spec import CampaignSpec, Goal, Limit, Window
from tests.campaigns import fakes

GOOD = """\
name: alloy
seed: 7
space: {use: square, side: 2.0}
objectives:
  hardness_gpa: maximize
  cost_usd: {goal: minimize, reference: 30, valid: {min: 0}}
constraints:
  total: {min: 0.5, max: 1.5}
oracles:
  - {name: md, use: probe, cells: 5, cost: 12}
  - {use: sieve}
surrogates:
  default: {use: gp}
optimizers:
  - {use: dice, evaluations: 12}
  - {use: picky}
budget: {evaluations: 60, batch: 4}
"""


@pytest.fixture(autouse=True)
def _fake_parts(monkeypatch):
    for kind, table in fakes.TABLES.items():
        monkeypatch.setitem(plugins.KINDS, kind, table)


@pytest.fixture
def lines(tmp_path):
    """What a file's text is refused with, one line a complaint, without the folder."""

    def read(text, *overrides):
        path = tmp_path / "c.yaml"
        path.write_text(text)
        with pytest.raises(CampaignFileError) as caught:
            CampaignSpec.from_file(path, overrides)
        return str(caught.value).replace(f"{tmp_path}/", "").splitlines()

    return read


@pytest.fixture
def spec(tmp_path):
    """The spec of the good file with overrides."""

    def read(*overrides):
        path = tmp_path / "c.yaml"
        path.write_text(GOOD)
        return CampaignSpec.from_file(path, overrides)

    return read


def test_a_good_file_is_read(spec):
    read = spec()
    assert (read.name, read.seed, read.space.use, read.space.model_extra) == ("alloy", 7, "square", {"side": 2.0})
    assert [oracle.called for oracle in read.oracles] == ["md", "sieve"]
    assert read.oracles[0].cost == 12
    assert [stage.evaluations for stage in read.optimizers] == [12, None]
    assert read.budget.batch == 4
    assert read.executor.workers == 1
    assert read.tracking.evaluations == "table"


def test_goals_limits_and_windows_come_from_it(spec):
    read = spec()
    assert read.goals == (
        Goal("hardness_gpa", "maximize"),
        Goal("cost_usd", "minimize", reference=30, valid=Window(min=0)),
    )
    assert read.limits == (Limit("total", "min", 0.5), Limit("total", "max", 1.5))
    assert read.windows == {"cost_usd": Window(min=0)}


def test_a_window_of_an_objective_and_a_constraint_is_what_both_allow(spec):
    read = spec("constraints.cost_usd={max: 20, valid: {min: -5, max: 99}}")
    assert read.windows == {"cost_usd": Window(0, 99)}


def test_what_a_spec_dumps_it_reads_back(spec):
    read = spec("objectives.t={target: 3, tolerance: 1}", "validate={oracle: md}", "tracking={enabled: false}")
    dumped = json.loads(json.dumps(read.dump()))
    again = CampaignSpec.from_content(dumped)
    assert again == read
    assert again.dump() == dumped
    assert dumped["validate"] == {"oracle": "md"}


def test_a_spec_cannot_be_changed(spec):
    with pytest.raises(ValueError, match="frozen"):
        spec().seed = 3


def test_maximising_flips_the_sign_and_back():
    goal = Goal("x", "maximize", reference=5)
    assert (goal.signed(3), goal.loss(goal.signed(3)), goal.natural(goal.signed(3))) == (-3, -3, 3)
    assert goal.reference_loss == -5


def test_a_target_is_a_distance_beyond_its_tolerance():
    goal = Goal("x", "target", target=200, tolerance=5)
    assert [goal.signed(v) for v in (190, 200, 212)] == [-10, 0, 12]
    assert [goal.loss(goal.signed(v)) for v in (190, 197, 200, 212)] == [5, 0, 0, 7]
    assert goal.natural(goal.signed(190)) == 190
    assert math.isnan(goal.loss(math.nan))


def test_an_excess_is_positive_outside_a_limit():
    low, high = Limit("x", "min", 2), Limit("x", "max", 2)
    assert [low.excess(1), low.excess(2), high.excess(3)] == [1, 0, 1]
    assert (low.name, str(high)) == ("x_min", "x <= 2")


def test_a_window_holds_its_ends_and_no_nan():
    assert 0 in Window(0, 1)
    assert 1.1 not in Window(0, 1)
    assert math.nan not in Window()
    assert math.inf in Window()


def test_everything_wrong_is_said_at_once_in_the_order_of_the_file(lines):
    text = """\
name: a b
seed: true
space: {use: square, sides: 4}
objectives:
  bulk: maximise
  hard: {goal: maximize, refrence: 3}
constraints:
  vec: {min: 300 K}
oracles:
  - {name: md, use: prob}
  - {name: mx, use: probe, cells: 2.5, temperature_k: 300 K}
  - 3
optimizers: {}
budget: {evaluations: 0, batch: "4"}
traking: 1
"""
    assert lines(text, "executor.wrkers=3") == [
        "c.yaml:1: name: 'a b' is no name; use letters, digits, '.', '_' and '-', beginning with a letter or digit",
        "c.yaml:2: seed: give a whole number, not true",
        "c.yaml:3: space.sides: unknown key 'sides'; did you mean 'side'? known: file, kind, names, side, use",
        "c.yaml:5: objectives.bulk: must be 'maximize' or 'minimize' or give a mapping of options, not 'maximise'; "
        "did you mean 'maximize'?",
        "c.yaml:6: objectives.hard.refrence: unknown key 'refrence'; did you mean 'reference'? "
        "known: distance, goal, reference, target, tolerance, valid",
        "c.yaml:8: constraints.vec.min: give a number, not '300 K'; the unit is in the option's name",
        "c.yaml:10: oracles.0.use: unknown oracle 'prob'; did you mean 'probe'? known: anything, probe, sieve",
        "c.yaml:11: oracles.1.cells: give a whole number, not 2.5",
        "c.yaml:11: oracles.1.temperature_k: give a number, not '300 K'; the unit is in the option's name",
        "c.yaml:12: oracles.2: give a mapping of options, not 3",
        "c.yaml:13: optimizers: give a list, not a mapping",
        "c.yaml:14: budget.evaluations: must be > 0, not 0",
        "c.yaml:14: budget.batch: give a whole number, not the text '4'; write it without quotes or underscores",
        "c.yaml:15: traking: unknown key 'traking'; did you mean 'tracking'? known: budget, cache, constraints, "
        "executor, fidelity, history, name, objectives, optimizers, oracles, seed, space, surrogates, tracking, "
        "validate",
        "--set executor.wrkers=3: executor.wrkers: unknown key 'wrkers'; did you mean 'workers'? "
        "known: memory_mb, retries, timeout_s, use, workers",
    ]


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("budget.evaluations=0", "budget.evaluations: must be > 0, not 0"),
        ("budget.evaluations=-4", "budget.evaluations: must be > 0, not -4"),
        ("budget.hours=0", "budget.hours: must be > 0, not 0"),
        ("budget.batch=61", "a batch of 61 is larger than the whole budget of 60 evaluations"),
        ("budget={batch: 4}", "give at least one of `evaluations`, `hours` and `cost`"),
        ("budget={evaluations: ~}", "give at least one of `evaluations`, `hours` and `cost`"),
        ("budget={stall: 4}", "give at least one of `evaluations`, `hours` and `cost`"),
        ("budget.evaluations=sixty", "give a whole number, not 'sixty'"),
        ("budget.evaluations='60'", "give a whole number, not the text '60'; write it without quotes"),
        ("seed=-1", "seed: must be >= 0, not -1"),
        ("name=../up", "'../up' is no name"),
        ("name=3", "give text, not 3; put it in quotes if text is meant"),
        ("objectives={}", "objectives: "),
        ("objectives.cost_usd={}", "say `goal: maximize`, `goal: minimize` or `target: VALUE`"),
        ("objectives.cost_usd={goal: target}", "a target objective needs `target: VALUE`"),
        ("objectives.cost_usd={goal: minimize, target: 3}", "`target` has no meaning beside `goal: minimize`"),
        ("objectives.cost_usd={goal: minimize, tolerance: 3}", "`tolerance` has no meaning beside `goal: minimize`"),
        ("objectives.cost_usd={target: 3, tolerance: -1}", "must be >= 0, not -1"),
        ("objectives.cost_usd={target: 3, tolerance: 1, reference: 4}", "4 is within 1 of the target 3"),
        ("objectives.cost_usd.reference=-1", "-1 is on the wrong side: with `minimize` and valid 0 to inf"),
        ("objectives.cost_usd.reference=[1, 2]", "give a number, not a list"),
        ("objectives.cost_usd.valid={min: 3, max: 2}", "min 3 is not below max 2"),
        ("objectives.cost_usd.valid={min: low}", "objectives.cost_usd.valid.min: give a number, not 'low'"),
        ("constraints.total={}", "give `min`, `max` or both"),
        ("constraints.total={min: 2, max: 1}", "min 2 is not below max 1"),
        ("constraints.total={min: 2, valid: {max: 1}}", "no valid value (-inf to 1) can satisfy total >= 2"),
        ("constraints.total=3", "give a mapping of options, not 3"),
        ("oracles=[]", "oracles: "),
        ("oracles=[{use: probe}, {use: probe}]", "oracles.1: 2 oracles are called 'probe'; give each its own `name`"),
        ("oracles.md.name=sieve", "2 oracles are called 'sieve'"),
        ("oracles.md.cost=0", "oracles.0.cost: must be > 0, not 0"),
        ("oracles.md.inner.deth=2", "oracles.0.inner.deth: unknown key 'deth'; did you mean 'depth'? known: depth"),
        ("oracles.md.window=x", "oracles.0.window: give a number or give a list, not 'x'"),
        ("oracles.md.window=[1, x]", "oracles.0.window.1: give a number, not 'x'"),
        ("oracles.md.only=[cost_usd]", "unknown key 'only'"),
        ("oracles.md={cells: 3}", "oracles.0.use: is missing"),
        ("space.side=-1", "space.side: side -1 is negative"),
        ("space.use=sqare", "space.use: unknown space 'sqare'; did you mean 'square'? known: square"),
        ("surrogates.defalt={use: gp}", "unknown objective or constraint 'defalt'; did you mean 'default'?"),
        ("surrogates.default={use: gpp}", "surrogates.default.use: unknown surrogate 'gpp'; did you mean 'gp'?"),
        ("surrogates.default=gp", "surrogates.default: give {use: gp}, not 'gp'"),
        ("surrogates=auto", "surrogates: give {default: {use: auto}}, not 'auto'"),
        ("optimizers=[dice]", "optimizers.0: give {use: dice}, not 'dice'"),
        ("optimizers=dice", "optimizers: give [{use: dice}], not 'dice'"),
        ("space=square", "space: give {use: square}, not 'square'"),
        ("executor=local", "executor: give {use: local}, not 'local'"),
        ("budget=60", "budget: give a mapping of options, not 60"),
        ("optimizers=[{use: dice}, {use: picky}]", "what follows 'dice' would never be asked"),
        ("optimizers.dice.evaluations=60", "the stages before it ask for 60 evaluations: none of the budget of 60"),
        ("optimizers.dice.evaluations=0", "optimizers.0.evaluations: must be > 0, not 0"),
        ("optimizers.picky.evaluations=40", "the stages' 52 evaluations leave unused part of the budget of 60"),
        ("optimizers.picky.evaluations=50", "the stages' 62 evaluations overspend the budget of 60"),
        ("validate.oracle=mdd", "validate.oracle: unknown oracle 'mdd'; did you mean 'md'? known: md, sieve"),
        ("executor.workers=0", "executor.workers: must be > 0, not 0"),
        ("executor.timeout_s=10 min", "give a number, not '10 min'; the unit is in the option's name"),
        ("tracking.evaluations=all", "must be 'table', 'nested' or 'none', not 'all'"),
        ("tracking.enabled=No", "give true or false, not 'No'"),
        ("fidelity.policy=gate", "must be 'gates' or 'multifidelity', not 'gate'"),
    ],
)
def test_what_makes_no_sense_is_refused(lines, override, says):
    found = lines(GOOD, override)
    assert any(says in line for line in found), found
    assert all(line.startswith(("c.yaml:", f"--set {override}: ")) for line in found)


def test_a_stage_list_may_add_up_to_the_budget(spec):
    assert spec("optimizers.picky.evaluations=48").optimizers[1].evaluations == 48


def test_a_last_stage_that_ends_needs_a_budget_of_evaluations(lines):
    found = lines(GOOD, "budget={hours: 2}", "optimizers.picky.evaluations=48")
    assert "to end after it, set `budget.evaluations`" in found[0]


def test_duplicate_keys_come_with_everything_else(lines):
    found = lines(GOOD + "seed: x\nnam: y\n")
    assert [line.split(";")[0] for line in found] == [
        "c.yaml:18: seed: duplicate key 'seed', first on line 2",
        "c.yaml:19: nam: unknown key 'nam'",
    ]


@pytest.mark.parametrize(
    ("text", "given"), [("", "empty"), ("# nothing\n", "empty"), ("- a\n", "a list"), ("x", "text"), ("3", "a number")]
)
def test_a_file_that_is_no_mapping_is_refused(lines, text, given):
    (line,) = lines(text)
    assert f"the file is {given}; a campaign file is a mapping of sections" in line


def test_missing_sections_are_all_named(lines):
    found = lines("name: x\n")
    assert [line.split(": ")[1] for line in found] == ["space", "objectives", "oracles", "optimizers", "budget"]
    assert all("is missing" in line for line in found)


def test_reading_back_needs_no_parts():
    content = yaml.safe_load(GOOD)
    content["oracles"][0]["use"] = "a_plugin_that_is_gone"
    assert CampaignSpec.from_content(content).oracles[0].use == "a_plugin_that_is_gone"


@pytest.mark.parametrize("content", [{}, {"name": "x"}, {"oracles": [{"use": "probe"}] * 2}])
def test_content_that_is_no_campaign_is_refused(content):
    with pytest.raises(CampaignFileError):
        CampaignSpec.from_content(content)


WORDS = st.sampled_from(
    [
        "use",
        "min",
        "max",
        "goal",
        "maximize",
        "probe",
        "square",
        "dice",
        "sieve",
        "name",
        "cells",
        "evaluations",
        "x",
        "300 K",
    ]
)
LEAVES = st.none() | st.booleans() | st.integers(-3, 80) | st.floats(allow_nan=True) | WORDS | st.text(max_size=5)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=4), inner, max_size=3)
)


def paths(node, path=()):
    """Every path in nested content."""
    yield path
    if isinstance(node, dict | list):
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            yield from paths(value, (*path, key))


@settings(deadline=None)
@given(st.data())
def test_any_change_of_a_good_file_gives_a_spec_or_a_refusal(tmp_path_factory, data):
    content = yaml.safe_load(GOOD)
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from([p for p in paths(content) if p]))
        node = content
        for step in path[:-1]:
            node = node[step]
        if data.draw(st.booleans()):
            node[path[-1]] = data.draw(VALUES)
        elif isinstance(node, dict):
            node[data.draw(WORDS)] = copy.deepcopy(node.pop(path[-1]))
    file = tmp_path_factory.getbasetemp() / "fuzzed.yaml"
    file.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    try:
        spec = CampaignSpec.from_file(file)
    except CampaignFileError:
        return
    assert CampaignSpec.from_content(json.loads(json.dumps(spec.dump()))) == spec
