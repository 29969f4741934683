import re

import pytest

from eutectic.campaigns.analysis.parity import Parities
from eutectic.campaigns.figures import palette
from eutectic.campaigns.report.markup import contents, section
from eutectic.campaigns.report.page import STYLE, page
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
    assert ">a &lt; b</a>" in contents([section("one", "a < b", "text")])
    assert contents(["", "<header></header>"]) == ""


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
    assert re.search(r"th,td[^{]*\{[^}]*white-space:normal;overflow-wrap:anywhere", printed)
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
