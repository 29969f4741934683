"""The report in a real browser: every figure is drawn without a complaint, tables are sorted, nothing is too wide."""

import shutil
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from itertools import pairwise

import pytest
from matplotlib.image import imread

from eutectic.campaigns.explain.explain import explain
from eutectic.campaigns.explain.files import write_explanation
from eutectic.campaigns.report.page import write_report
from tests.campaigns import ledgers
from tests.campaigns.report.test_report import checked

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PATIENCE_MS = 120_000
"""A browser starts and draws slowly where much else runs."""
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium here")


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def opened(browser, path, width):
    """The page with all its figures drawn, and the list that its complaints go to."""
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme="dark")
    page.set_default_timeout(PATIENCE_MS)
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.goto(path.as_uri())
    figures = page.locator(".chart")
    for k in range(figures.count()):
        figures.nth(k).locator(".main-svg").first.wait_for()
    playwright.expect(page.locator(".take")).to_have_count(figures.count(), timeout=PATIENCE_MS)
    return page, faults


@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize("make", [ledgers.alloy, ledgers.many, ledgers.single])
def test_every_figure_is_drawn_and_fits(browser, make, width, tmp_path):
    ledger = make()
    path = write_report(ledger, tmp_path / "report.html", checked(ledger))
    page, faults = opened(browser, path, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    head = page.locator("#decisions th button", has_text="Round")
    head.click()
    rounds = page.locator("#decisions tbody tr td:nth-child(2)").all_inner_texts()
    assert rounds == sorted(rounds, key=int)
    with page.expect_download() as saved:
        page.locator(".take button", has_text="SVG").first.click()
    assert saved.value.suggested_filename.endswith(".svg")
    assert faults == []
    page.close()


@pytest.mark.slow
@pytest.mark.parametrize("make", [ledgers.alloy, ledgers.single])
def test_every_figure_can_be_saved_as_it_is_seen_on_white(browser, make, tmp_path):
    ledger = replace(make(), folder=str(tmp_path))
    write_explanation(explain(ledger), tmp_path)
    page, faults = opened(browser, write_report(ledger, tmp_path / "report.html", checked(ledger)), 1400)
    for chart in page.locator(".chart").all():
        name = chart.get_attribute("id")
        box = chart.locator(".main-svg").first.bounding_box()
        for kind in ("SVG", "PNG"):
            with page.expect_download() as saved:
                page.locator(f"#{name} + .take button", has_text=kind).click()
            assert saved.value.suggested_filename == f"{name}.{kind.lower()}"
            saved.value.save_as(tmp_path / saved.value.suggested_filename)
        drawn = ElementTree.parse(tmp_path / f"{name}.svg").getroot()
        titles = chart.evaluate("place => Object.values(place.layout).map(axis => axis?.title?.text || '')")
        written = {"".join(text.itertext()) for text in drawn.iter("{http://www.w3.org/2000/svg}text")}
        assert {title.replace("<br>", "") for title in titles if title} <= written, name
        pixels = imread(tmp_path / f"{name}.png")
        assert pixels.shape[:2] == pytest.approx((3 * box["height"], 3 * box["width"]), abs=6), name
        assert pixels[0, 0, :3].min() == 1
        assert 0.001 < (pixels[:, :, :3].min(2) < 0.9).mean() < 0.9, name
        assert not any("menu" in (part.get("class") or "") for part in drawn.iter())
    assert faults == []
    page.close()


def test_long_names_beside_a_figure_do_not_touch_on_a_telephone(browser, tmp_path):
    ledger = ledgers.single()
    long = {
        "temperature_k": "mean_deviation_of_the_annealing_temperature_of_every_pass_k",
        "passes": "passes_of_the_rolls",
    }
    told = [replace(o, variables={long.get(n, n): v for n, v in o.variables.items()}) for o in ledger.outcomes]
    path = write_report(replace(ledger, outcomes=tuple(told)), tmp_path / "report.html", checked(ledger))
    page, _ = opened(browser, path, 390)
    boxes = [label.bounding_box() for label in page.locator("#variables .ytick text").all()]
    assert max(box["height"] for box in boxes) > 30  # three lines
    ends = sorted((box["y"], box["y"] + box["height"]) for box in boxes)
    assert all(above[1] + 3 < below[0] for above, below in pairwise(ends))
    title = page.locator("#variables .xtitle").bounding_box()
    frame = page.locator("#variables").bounding_box()
    assert frame["x"] <= title["x"]
    assert title["x"] + title["width"] <= frame["x"] + frame["width"]
    page.close()
