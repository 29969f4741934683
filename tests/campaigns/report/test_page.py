import math
import re
from dataclasses import replace

import pytest

from eutectic.campaigns.analysis.pareto import front
from eutectic.campaigns.analysis.parity import Parities
from eutectic.campaigns.analysis.summary import title
from eutectic.campaigns.figures import palette
from eutectic.campaigns.figures.charts import objectives
from eutectic.campaigns.figures.views import views
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.report.blocks import Typeset, paragraph, section
from eutectic.campaigns.report.overview import described
from eutectic.campaigns.report.page import STYLE, page
from eutectic.campaigns.report.rendering import contents_html
from tests.campaigns import ledgers

KINDS = [ledgers.alloy, ledgers.single, ledgers.many, ledgers.infeasible, ledgers.broken, ledgers.empty]


def within(style, condition):
    """The rules of every `@media` block of a condition."""
    blocks = []
    for start in re.finditer(re.escape(f"@media {condition}") + r"\s*\{", style):
        depth, end = 1, start.end()
        while depth:
            depth += {"{": 1, "}": -1}.get(style[end], 0)
            end += 1
        blocks.append(style[start.end() : end - 1])
    return "".join(blocks)


@pytest.mark.parametrize("make", KINDS)
def test_the_contents_lead_to_every_section_in_its_order(make):
    html = page(make(), Parities())
    links = re.findall(r'<a href="#([\w-]+)">', html)
    assert links == re.findall(r'<section id="([\w-]+)">', html)
    assert len(set(links)) == len(links)
    assert all(len(re.findall(f'id="{name}"', html)) == 1 for name in links)
    assert html.index("<nav") < html.index("<section")


def test_the_contents_repeat_the_headings_as_they_are_escaped():
    assert ">a &lt; b</a>" in contents_html([section("one", "a < b", paragraph("text"))])
    assert contents_html([]).strip() == ""


def test_nothing_is_wider_than_a_telephone():
    widths = re.findall(r"(?<!max-)\b(?:min-)?width:\s*(?:min\()?(\d+)px", STYLE)
    assert widths
    assert all(int(width) <= 390 for width in widths)
    html = page(ledgers.many(), Parities())
    assert not re.search(r'<[^>]+(?:style|width)="[^"]*\d{3,}', html.split("<script")[0])
    tables = html.count("<table>")
    assert tables == len(re.findall(r'<div class="scroll(?: tall)?"><table>', html))


def test_paper_is_light_and_cuts_no_column():
    printed = within(STYLE, "print")
    assert re.search(r"\.scroll[^{]*\{[^}]*overflow:visible", printed)
    assert re.search(r"th,td[^{]*\{[^}]*white-space:normal;overflow-wrap:break-word", printed)
    dark = re.findall(r"@media ([^{]*prefers-color-scheme:dark[^{]*)\{", STYLE)
    assert dark
    assert all(condition.startswith("screen and") for condition in dark)


def test_every_colour_of_the_light_has_its_own_in_the_dark():
    dark = within(STYLE, "screen and (prefers-color-scheme:dark)")
    names = set(re.findall(r"var\((--\w+)\)", STYLE))
    assert names
    assert all(f"{name}:" in dark for name in names)


@pytest.mark.parametrize("colour", ["INK", "MUTED", "GRID", "ACCENT", "SHADE"])
def test_figures_change_their_colours_with_the_page(colour):
    red, green, blue = bytes.fromhex(getattr(palette, colour)[1:])
    for kind in ("stroke", "fill"):
        assert f'.chart [style*="{kind}: rgb({red}, {green}, {blue})"]{{{kind}:var(--' in STYLE


def test_the_page_sorts_tables_by_keys_too_and_without_a_figure():
    html = page(ledgers.empty(), Parities())
    assert "data-chart" not in html.replace("script[data-chart]", "")
    assert "document.createElement('button')" in html
    assert "aria-sort" in html


def words(html):
    """What a page says, without scripts, styles and the campaign file."""
    return re.sub(r"<(script|style|pre).*?</\1>|<[^>]+>", " ", html, flags=re.S)


def test_one_objective_has_no_front_and_no_hypervolume():
    said = words(page(ledgers.single(), Parities()))
    for word in ("front", "Pareto", "ypervolume", "Worst acceptable", "eference point"):
        assert word not in said
    assert "the best value" in said


def test_without_constraints_nothing_satisfies_or_is_feasible():
    said = words(page(ledgers.single(), Parities()))
    for word in ("atisfy", "feasible", "onstraint"):
        assert word not in said
    bound = words(page(ledgers.alloy(), Parities()))
    assert "that hold every constraint" in bound
    assert "Satisfying candidates after it" in bound
    assert "Satisfying candidates after it" in words(page(ledgers.many(), Parities()))  # its target has a window


def test_a_reference_point_nobody_gave_is_said_to_be_chosen():
    chosen = words(page(ledgers.many(), Parities()))
    assert "None was given: it was chosen from the first results" in chosen
    assert "was chosen" not in words(page(ledgers.alloy(), Parities()))


def with_history(ledger):
    """The ledger with two rows known before: one with everything, one of which no constraint is known."""
    whole = [o for o in ledger.outcomes if o.feasible][:2]
    first = replace(whole[0], number=0, round=-1, origin="history", id="h0")
    excess = (math.nan,) * len(ledger.spec.limits)
    second = replace(whole[1], number=-1, round=-1, origin="history", id="h1", excess=excess, feasible=False)
    return replace(ledger, outcomes=(second, first, *ledger.outcomes))


def test_rows_of_a_history_have_their_own_mark_and_words():
    ledger = with_history(ledgers.alloy())
    best = front(ledger)
    traces = {t["name"]: t for t in objectives(ledger, best)["data"]}
    before = traces["Known before"]
    assert before["marker"]["symbol"] == "diamond-open"
    assert len(before["x"]) + sum(o.number <= 0 for o in best) == 2
    asked = [t for name, t in traces.items() if name in ("Evaluated", "Breaks a constraint", "Pareto front")]
    assert sum(len(t["x"]) for t in asked) == len(ledger.finished) - len(before["x"])
    tip = next(tip for tip in before["hovertext"] if "not known" in tip)
    assert "not known: Valence electron concentration" in tip
    assert len([tip for tip in before["hovertext"] if "not known" in tip]) == 1
    assert "breaks a constraint" not in tip
    said = words(page(ledger, Parities()))
    assert "2 rows known before the start, learned from" in said
    assert "1 cannot be among the best" in said


def test_what_was_added_by_hand_is_said_apart_from_a_history():
    ledger = with_history(ledgers.alloy())
    late = next(o for o in ledger.outcomes if o.number == 0)
    late = replace(late, number=-2, round=1, origin="added by Eva", id="a0")
    alone = words(page(replace(ledger, outcomes=(late, *(o for o in ledger.outcomes if o.number > 0))), Parities()))
    assert "known before" not in alone.lower()
    assert "Squares: 1 row added by hand, never suggested" in alone
    both = replace(ledger, outcomes=(late, *ledger.outcomes))
    said = words(page(both, Parities()))
    assert "Known before the start and added by hand" in said
    assert "2 rows known before the start" in said
    drawn = objectives(both, [o for o in front(both) if o.number != -2])["data"]
    (mark,) = (t for t in drawn if t["name"] == "Added by hand")
    assert mark["marker"]["symbol"] == "square-open"
    assert "round 2, added by Eva" in mark["hovertext"][0]


def test_a_row_of_a_history_on_the_front_keeps_its_mark():
    ledger = ledgers.alloy()
    top = front(ledger)[0]
    ledger = replace(ledger, outcomes=(replace(top, number=0, round=-1, id="h0"), *ledger.outcomes))
    symbols = next(t for t in objectives(ledger, front(ledger))["data"] if t["name"] == "Pareto front")["marker"][
        "symbol"
    ]
    assert symbols.count("diamond") == 1


def test_parameters_have_a_column_each_and_compositions_one():
    html = page(ledgers.single(), Parities())
    heads = [re.findall(r"<th[^>]*>(.*?)</th>", head) for head in re.findall(r"<thead>.*?</thead>", html)]
    best = next(head for head in heads if "Id" in head)
    assert best[1:4] == ["Temperature (K)", "Passes", "Gas"]
    decisions = next(head for head in heads if "Nearest" in head)
    assert decisions[3:6] == ["Temperature (K)", "Passes", "Gas"]
    assert "Candidate" in page(ledgers.alloy(), Parities())


def test_beside_a_formula_the_other_variables_have_a_column_each():
    outcomes = [replace(o, variables={**o.variables, "time_h": 2.5, "quench": "oil"}) for o in ledgers.alloy().finished]
    heads, rows, numbers = described(outcomes)
    assert heads == ["Candidate", "Time (h)", "Quench"]
    assert rows[0][1:] == ["2.5", "oil"]
    assert rows[0][0] == Typeset(title(replace(outcomes[0], variables=ledgers.alloy().finished[0].variables)))
    assert numbers == [1]
    assert described(ledgers.alloy().finished)[0] == ["Candidate"]


def test_the_band_of_a_target_is_drawn_over_its_axis():
    ledger = ledgers.many()
    shapes = objectives(ledger, front(ledger))["layout"]["shapes"]
    assert [(s["xref"], s["x0"], s["x1"]) for s in shapes] == [("x", 0.9, 1.1), ("x2", 0.9, 1.1)]
    assert all(s["yref"].endswith("domain") for s in shapes)


def test_a_small_front_is_zoomed_to_and_everything_is_one_press_away():
    ledger = ledgers.alloy()
    near = [o for o in ledger.finished if o.feasible][:2]
    names = {"xaxis": ledgers.B, "yaxis": ledgers.USFE}
    wild = {ledgers.B: 1000.0, ledgers.USFE: -1000.0}
    far = replace(near[0], number=99, values={**near[0].values, **wild})
    close, everything = views(near, [*near, far], names)
    for axis, name in names.items():
        low, high = close["layout"][f"{axis}.range"]
        assert all(low < o.values[name] < high for o in near)
        assert not low < far.values[name] < high
        assert everything["layout"][f"{axis}.autorange"] is True
    assert views(near, near, names) == []


def test_twelve_lines_or_elements_can_be_told_apart():
    looks = [(palette.member(i), palette.dash(i), palette.hatch(i)) for i in range(12)]
    assert len({(colour, dash) for colour, dash, _ in looks}) == 12
    assert len({(colour, hatch) for colour, _, hatch in looks}) == 12


def test_what_is_written_on_a_colour_can_be_read():
    def light(colour):
        parts = [part / 255 for part in bytes.fromhex(colour[1:])]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for i in range(len(palette.MEMBERS)):
        ends = sorted([light(palette.member(i)), light(palette.letters(i))])
        assert (ends[1] + 0.05) / (ends[0] + 0.05) > 3


def test_the_setting_names_what_was_chosen_and_not_how_a_crystal_was_drawn():
    content = ledgers.alloy_content()
    content["space"] = {"use": "crystal", "engine": {"use": "wyckoff"}, "elements": ["V", "Fe"], "atoms": [4, 9]}
    drawn = {"draw": 3, "experience": 12, "guidance": 0.5, "formula": "VFe", "made_by": "wyckoff:41e4"}
    ledger = ledgers.alloy(4)
    ledger = replace(ledger, outcomes=tuple(replace(o, variables=drawn) for o in ledger.outcomes))
    crystals = replace(ledger, spec=CampaignSpec.from_content(content))
    assert "over crystals of V, Fe by guidance; measured" in words(page(crystals, Parities()))
    many = replace(ledger.outcomes[0], x=(0.5, 0.5, 0.5), variables={f"v{i}": 1.0 for i in range(13)})
    assert "over 3 variables; measured" in words(page(replace(ledger, outcomes=(many,)), Parities()))
    own = replace(ledger, spec=CampaignSpec.from_content({**content, "space": ledgers.process_content()["space"]}))
    assert "over draw, experience, guidance, formula, made by; measured" in words(page(own, Parities()))


@pytest.mark.parametrize(("low", "negative"), [(4.8, False), (0.0, False), (-0.1, True)])
def test_an_axis_goes_below_nought_only_for_values_there(low, negative):
    ledger = ledgers.alloy()
    one, two = [o for o in ledger.finished if o.feasible][:2]
    front = [replace(o, values={"price": v}) for o, v in ((one, 4.8), (two, 702.8))]
    every = [*front, replace(one, values={"price": low}), replace(one, values={"price": 5000.0})]
    (bottom, top) = views(front, every, {"xaxis": "price"})[0]["layout"]["xaxis.range"]
    assert top > 702.8
    assert bottom < -90 if negative else bottom == pytest.approx(4.8 - 0.03 * 698)


def test_one_sum_of_oracle_time_and_what_is_on_a_lower_rung_is_said():
    ledger = ledgers.alloy(8)
    first, second, *rest = ledger.outcomes
    climbing = replace(first, status="proposed", feasible=False, losses=(math.nan, math.nan), cost_s=7000.0)
    below = replace(second, provisional=(ledgers.B,), feasible=False, losses=(math.nan, math.nan))
    said = words(page(replace(ledger, outcomes=(climbing, below, *rest)), Parities()))
    times = set(re.findall(r"([\d.]+ (?:min|h)) of oracle time|Oracle time ([\d.]+ (?:min|h))", said))
    assert len({one or two for one, two in times}) == 1
    assert "and 1 that is not complete took" in said
    assert "1 on lower rungs alone" in said
    assert re.search(r"of \d+ on the top rung that hold every constraint", said)
    assert "not evaluated yet" not in said
