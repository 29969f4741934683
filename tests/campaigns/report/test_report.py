import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from eutectic.campaigns.analysis.pareto import front
from eutectic.campaigns.analysis.parity import Parities, Parity, leave_one_out
from eutectic.campaigns.analysis.summary import best, findings
from eutectic.campaigns.figures.candidate_charts import MAX_BARS, thinned, variables_chart
from eutectic.campaigns.figures.charts import objectives, stairs, trace
from eutectic.campaigns.figures.crystals import Drawing, Word
from eutectic.campaigns.figures.pictures import write_figures
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.record.outcomes import Change, Outcome
from eutectic.campaigns.report import rendering
from eutectic.campaigns.report.blocks import (
    Action,
    Actions,
    Badge,
    Chart,
    Code,
    Download,
    Downloads,
    Folded,
    Head,
    Heading,
    Link,
    Opening,
    Paragraph,
    Tile,
    Typeset,
    section,
    table,
)
from eutectic.campaigns.report.overview import hypervolume
from eutectic.campaigns.report.page import page, write_report
from eutectic.campaigns.report.rendering import contents_html, section_html
from tests.campaigns import ledgers

EVERY = [
    ledgers.alloy,
    ledgers.single,
    ledgers.many,
    lambda: ledgers.many(20, objectives=6),
    ledgers.infeasible,
    ledgers.broken,
    ledgers.empty,
]
HOSTILE = '</script><script>alert(1)</script><b onmouseover="x">$x_1$ %{x}'


def checked(ledger):
    """What leaving one out would say, made up."""
    outputs = []
    for goal in ledger.spec.goals:
        measured = np.array([o.values[goal.name] for o in ledger.finished])
        if len(measured):
            std = np.full(len(measured), 0.1)
            metrics = {"rmse": 0.1, "mae": 0.1, "r2": 0.9, "spearman": 0.9, "coverage_95": 0.95}
            outputs.append(Parity(goal.name, measured, measured + 0.1, std, metrics))
    return Parities(tuple(outputs))


def figures(html):
    """Anchor -> plotly figure of every figure on a page."""
    found = re.findall(r'<script type="application/json" data-chart="(\w+)">(.*?)</script>', html, flags=re.S)
    return {anchor: json.loads(text, parse_constant=pytest.fail) for anchor, text in found}


class Balance(HTMLParser):
    """Counts what is open; scripts and links that would load something."""

    def __init__(self):
        super().__init__()
        self.open, self.loads, self.scripts, self.attributes = [], [], 0, set()

    def handle_starttag(self, tag, attrs):
        self.loads += [v for k, v in attrs if k in ("src", "href", "srcset", "action") and not v.startswith("#")]
        self.scripts += tag == "script"
        self.attributes |= {name for name, _ in attrs}
        if tag not in ("meta", "br", "link", "img", "hr", "line", "circle"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag):
        assert self.open
        assert self.open.pop() == tag


@pytest.mark.parametrize("make", EVERY)
def test_every_kind_of_campaign_has_a_well_formed_page_that_loads_nothing(make):
    ledger = make()
    html = page(ledger, checked(ledger))
    parser = Balance()
    parser.feed(html)
    assert parser.open == []
    assert parser.loads == []
    assert "default-src 'none'" in html


def test_the_page_answers_every_question():
    ledger = ledgers.alloy()
    html = page(ledger, checked(ledger))
    for heading in ("What was asked", "Pareto front", "Hypervolume", "Compositions along the front",
                    "Can the surrogates be trusted?", "Decisions", "Cost", "Failures", "How to reproduce"):  # fmt: skip
        assert f"<h2>{heading}</h2>" in html
    assert set(figures(html)) == {"objectives", "trace", "variables", "parity"}
    assert "9f185a5c0ffee" in html
    assert "campaign run multi_principal_alloy.yaml" in html


def test_decisions_show_prediction_measurement_feasibility_and_neighbour():
    ledger = ledgers.alloy()
    outcome = ledger.outcomes[-1]
    html = page(ledger, Parities())
    row = next(r for r in re.findall(r"<tr>.*?</tr>", html, flags=re.S) if "<td>#40</td>" in r and " at " in r)
    assert f"#{outcome.neighbour} at" in row
    assert "bayesian" in row
    goal = ledger.spec.goals[0]
    assert f"{goal.natural(outcome.reason.mean[0]):.0f} ±" in row


def test_failures_are_shown_with_their_reason_and_refused_values():
    html = page(ledgers.alloy(), Parities())
    assert "took longer than 600 s and was stopped" in html
    assert "the cell melted: &lt;volume&gt; grew by 41 %" in html
    assert "9.900e+09" in html


def test_what_a_user_wrote_is_never_markup():
    ledger = ledgers.single(12)
    spec = CampaignSpec.from_content({**ledger.spec.dump(), "objectives": {HOSTILE: "minimize"}})
    outcomes = tuple(_hostile(o) for o in ledger.outcomes)
    rounds = tuple(replace(r, outcomes=()) for r in ledger.rounds)
    facts = {HOSTILE: HOSTILE, "versions": {HOSTILE: HOSTILE}}
    evil = replace(ledger, spec=spec, outcomes=outcomes, rounds=rounds, facts=facts, folder=HOSTILE)
    html = page(evil, Parities(note=HOSTILE))
    plain = Balance()
    plain.feed(html)
    assert plain.open == []
    assert plain.scripts == page(ledger, Parities()).count("<script")
    assert "<b onmouseover" not in html
    for figure in figures(html).values():
        assert "<b onmouseover" not in json.dumps(figure)


def test_what_a_user_wrote_is_never_markup_in_any_block_or_cell():
    cells = [HOSTILE, Badge(HOSTILE), Typeset(f"Fe2{HOSTILE}"), Opening(HOSTILE, HOSTILE), Link(HOSTILE, HOSTILE),
             Downloads((Download(HOSTILE, HOSTILE, HOSTILE, HOSTILE),)),
             Actions((Action(HOSTILE, 1, HOSTILE, HOSTILE),)), Drawing((), (), (Word(1, 2, HOSTILE),))]  # fmt: skip
    blocks = [Heading(3, HOSTILE), Heading(4, HOSTILE), Paragraph(HOSTILE, HOSTILE), Code(HOSTILE),
              Folded(HOSTILE, HOSTILE), Chart(HOSTILE, {HOSTILE: HOSTILE}),
              table([HOSTILE] * len(cells), [cells])]  # fmt: skip
    assert set(rendering.KINDS.values()) <= {type(one) for one in (*cells, *blocks)}
    head = Head(HOSTILE, Badge(HOSTILE), HOSTILE, (Tile(HOSTILE, HOSTILE, HOSTILE),))
    whole = section(HOSTILE, HOSTILE, blocks)
    html = section_html(head) + contents_html([whole]) + section_html(whole)
    assert html.count("alert(1)") > 30
    parser = Balance()
    parser.feed(html)
    assert parser.open == []
    assert parser.scripts == 1  # the figure's data
    assert {name for name in parser.attributes if name.startswith("on")} == set()
    assert json.loads(re.search(r"<script[^>]*>(.*?)</script>", html, flags=re.S)[1]) == {HOSTILE: HOSTILE}


def test_a_formula_is_typeset_and_numbers_elsewhere_are_not():
    text = section_html(section("a", "b", table(["c"], [[Typeset("Fe0.5(NiO4)2, time 3 h")]])))
    assert "Fe<sub>0.5</sub>(NiO<sub>4</sub>)<sub>2</sub>, time 3 h" in text


def _hostile(outcome: Outcome) -> Outcome:
    value = outcome.values.get("porosity_percent")
    values = {} if value is None else {HOSTILE: value}
    return replace(
        outcome, values=values, variables={**outcome.variables, HOSTILE: HOSTILE}, error=HOSTILE, origin=HOSTILE
    )


def test_the_front_has_error_bars_and_all_evaluations_are_there():
    ledger = ledgers.alloy()
    best = front(ledger)
    traces = {t["name"]: t for t in objectives(ledger, best)["data"]}
    assert len(traces["Evaluated"]["x"]) + len(traces["Pareto front"]["x"]) == len(ledger.finished)
    assert traces["Pareto front"]["error_x"]["array"] == [o.errors[ledgers.B] for o in best]
    assert "Co" in traces["Evaluated"]["hovertext"][0]


def test_infeasible_evaluations_are_drawn_apart():
    ledger = ledgers.infeasible()
    names = [t["name"] for t in objectives(ledger, [])["data"]]
    assert names == ["Breaks a constraint"]


def test_the_shaded_area_is_the_hypervolume():
    ledger = ledgers.alloy()
    x, y = stairs(ledger, front(ledger))
    area = 0.5 * abs(sum(x[i] * y[i + 1] - x[i + 1] * y[i] for i in range(len(x) - 1)))
    assert area == pytest.approx(ledger.hypervolume)


def test_the_trace_counts_evaluations_and_marks_where_the_optimizer_changed():
    ledger = ledgers.alloy()
    figure = trace(ledger)
    assert figure["data"][0]["x"] == list(range(4, 41, 4))
    assert figure["data"][0]["y"] == [r.hypervolume for r in ledger.rounds]
    assert [s["x0"] for s in figure["layout"]["shapes"]] == [12]


def test_compositions_along_the_front_sum_to_a_hundred_per_cent():
    ledger = ledgers.alloy()
    bars = variables_chart(ledger, front(ledger))["data"]
    assert [bar["name"] for bar in bars] == list(ledgers.ELEMENTS)
    assert np.sum([bar["y"] for bar in bars], axis=0) == pytest.approx(100, abs=0.1)
    drawn = variables_chart(ledger, front(ledger))["layout"]
    assert drawn["margin"]["t"] >= 70  # the legend's row, and the toolbar above it
    assert drawn["height"] - drawn["margin"]["t"] >= 350


def test_a_space_without_elements_shows_its_variables_instead():
    ledger = ledgers.many()
    (heat,) = variables_chart(ledger, front(ledger))["data"]
    assert heat["y"] == ["Temperature (K)", "Passes", "Gas"]
    assert set(np.ravel(heat["text"])) & {"argon", "air", "vacuum"}


def test_a_long_front_is_thinned_but_keeps_its_ends():
    many = [object() for _ in range(500)]
    kept = thinned(many)
    assert len(kept) == MAX_BARS
    assert kept[0] is many[0]
    assert kept[-1] is many[-1]


def test_findings_are_two_sentences_with_numbers():
    ledger = ledgers.alloy()
    first, second, *_ = findings(ledger, front(ledger))
    assert "40 evaluations (3 without usable values)" in first
    assert f"{len(front(ledger))} candidates on the Pareto front" in first
    best = max(o.values[ledgers.B] for o in ledger.finished if o.feasible)
    assert f"{best:.1f}" in second
    assert "GPa" in second


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (ledgers.empty, "Nothing has been evaluated yet."),
        (ledgers.broken, "None of the 6 evaluations gave usable values."),
        (ledgers.infeasible, "satisfies every constraint"),
    ],
)
def test_findings_say_when_nothing_was_found(make, words):
    ledger = make()
    assert words in " ".join(findings(ledger, front(ledger)))


def test_the_file_appears_whole(tmp_path):
    ledger = ledgers.single(8)
    path = write_report(ledger, tmp_path / "deep" / "report.html", Parities())
    assert path.read_text(encoding="utf-8").endswith("</html>\n")
    assert [p.name for p in path.parent.iterdir()] == ["report.html"]


@pytest.mark.parametrize("make", EVERY)
def test_pictures_are_written_for_every_kind_of_campaign(make, tmp_path):
    ledger = make()
    paths = write_figures(ledger, tmp_path, checked(ledger))
    assert all(path.read_bytes()[:4] == b"\x89PNG" for path in paths if path.suffix == ".png")
    assert all("<svg" in path.read_text(encoding="utf-8") for path in paths if path.suffix == ".svg")
    assert {p.stem for p in paths if p.suffix == ".svg"} == {p.stem for p in paths if p.suffix == ".png"}
    assert ("objectives.png" in {p.name for p in paths}) == bool(ledger.finished)


def test_names_that_look_like_mathematics_are_drawn_as_text(tmp_path):
    ledger = ledgers.single(8)
    spec = CampaignSpec.from_content({**ledger.spec.dump(), "objectives": {"$\\frac{a$": "minimize"}})
    known = [(o, o.values["porosity_percent"]) for o in ledger.finished]
    outcomes = tuple(replace(o, values={"$\\frac{a$": value}) for o, value in known)
    assert write_figures(replace(ledger, spec=spec, outcomes=outcomes), tmp_path, Parities())


def test_leave_one_out_is_in_natural_units_and_close_on_a_smooth_property():
    ledger = ledgers.single(24)
    (parity,) = leave_one_out(ledger).outputs
    values = {o.values["porosity_percent"] for o in ledger.finished}
    assert set(parity.measured.tolist()) == values
    assert parity.metrics["r2"] > 0.5
    assert np.all(parity.std > 0)


def test_a_maximised_property_is_not_shown_with_its_sign_flipped():
    content = ledgers.process_content("maximize")
    ledger = ledgers.campaign(content, [ledgers._process(i) for i in range(16)], ledgers._process_model)
    (parity,) = leave_one_out(ledger).outputs
    assert np.all(parity.measured > 0)
    assert np.corrcoef(parity.measured, parity.predicted)[0, 1] > 0


def test_too_few_evaluations_are_said_to_be_too_few():
    assert "too few" in leave_one_out(ledgers.single(3)).note


def test_a_campaign_that_cannot_be_built_again_still_has_a_report(tmp_path):
    space = {"use": "pool", "file": "gone.csv", "features": ["a"]}
    ledger = ledgers.single()
    content = {**ledger.spec.dump(), "space": space}
    moved = replace(ledger, spec=CampaignSpec.from_content(content), facts={"source": str(tmp_path)})
    checked = leave_one_out(moved)
    assert "cannot be built again" in checked.note
    assert "gone.csv" in page(moved, checked)


def test_of_several_that_meet_a_target_the_best_is_one_on_the_front():
    ledger = ledgers.alloy()
    first, second = [o for o in ledger.outcomes if o.feasible][:2]
    worse = replace(first, number=1, losses=(0.0, 2.0))
    better = replace(second, number=2, losses=(0.0, 1.0))
    ledger = replace(ledger, outcomes=(worse, better))
    assert best(ledger, 0) == better
    assert best(ledger, 0) in front(ledger)


def test_the_trace_marks_where_aims_changed_and_says_so():
    by_eva = Change(0.0, "Eva", ("objectives.a: minimize -> maximize", "budget.evaluations: 8 -> 9"), 5, anew=True)
    quiet = Change(0.0, "", ("budget.evaluations: 9 -> 10",), 6, anew=False)
    limits = Change(0.0, "", ("constraints.density.min: 3 -> 4",), 7, anew=False)
    ledger = replace(ledgers.alloy(), changes=(by_eva, quiet, limits))
    figure = trace(ledger)
    assert [(s["x0"], s["line"]["dash"]) for s in figure["layout"]["shapes"]] == [
        (12, "dot"),
        (20, "dash"),
        (28, "dash"),
    ]
    words = [note["text"] for note in figure["layout"]["annotations"]]
    assert words[1:] == ["objectives changed", "constraints changed"]
    said = section_html(hypervolume(ledger))
    assert "Objectives were changed after round 5 by Eva (dashed line): the volumes of all rounds are those" in said
    assert "the new ones, with the reference point that goes with them." in said
    assert "Constraints were changed after round 7 (dashed line)" in said
    assert "after round 6" not in said
