"""The report in a real browser: every figure is drawn without a complaint, tables are sorted, nothing is too wide."""

import shutil

import pytest

from eutectic.campaigns.report.page import write_report
from tests.campaigns import ledgers
from tests.campaigns.report.test_report import checked

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium here")


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize("make", [ledgers.alloy, ledgers.many, ledgers.single])
def test_every_figure_is_drawn_and_fits(browser, make, width, tmp_path):
    ledger = make()
    path = write_report(ledger, tmp_path / "report.html", checked(ledger))
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme="dark")
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.goto(path.as_uri())
    figures = page.locator(".chart")
    for k in range(figures.count()):
        figures.nth(k).locator(".main-svg").first.wait_for()
    playwright.expect(page.locator(".take")).to_have_count(figures.count())
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
