"""The service's pages in a real browser: live figures, forms, keyboard, phone, dark; no script but its own."""

import os
import shutil
from pathlib import Path

import pytest
import requests

from eutectic.campaigns.client import Client
from tests.campaigns.service.services import file, measured, served

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium here")
PATIENCE_MS = 120_000
"""A browser beside other work takes its time."""
PICTURES = os.environ.get("EUTECTIC_PICTURES")
"""Folder to write pictures of the pages to; none are written without it."""


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shelf") / "runs"
    with served(folder) as (url, tokens):
        client = Client(url, tokens["operate"])
        content = file("solder_paste", seed=5, budget={"evaluations": 40, "batch": 4})
        client.create(content)
        for k in range(5):
            samples = client.suggest("solder_paste", 4, "furnace_2")
            for sample in samples[: 4 if k < 4 else 2]:
                if sample["number"] == 6:
                    client.fail("solder_paste", "6", "cracked on cooling", by="Eva")
                else:
                    client.tell("solder_paste", sample["id"], measured(sample), {"a": 0.05, "b": 0.04})
        client.note("solder_paste", "3", "powder from the new batch", by="Eva")
        yield url, tokens, client


@pytest.fixture(scope="module")
def browser():
    playwright.expect.set_options(timeout=PATIENCE_MS)
    with playwright.sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def opened(browser, service, path="/campaigns/solder_paste", token="operate", **options):
    page = browser.new_page(**options)
    page.set_default_timeout(PATIENCE_MS)
    page.faults = []
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.on("console", lambda said: page.faults.append(said.text) if said.type == "error" else None)
    page.goto(f"{service[0]}{path}?token={service[1][token]}")
    return page


def test_the_list_leads_to_a_campaign_whose_figures_are_drawn(browser, service):
    page = opened(browser, service, "/")
    page.get_by_role("link", name="solder_paste").click()
    page.wait_for_selector("#live-front .main-svg")
    page.wait_for_selector("#live-hypervolume section", state="attached")
    assert page.locator("#live-open tbody tr").count() == 2
    assert "furnace_2 until" in page.inner_text("#live-open")
    assert "cracked on cooling" in page.inner_text("#live-failures")
    assert "powder from the new batch" in page.inner_text("#live-remarks")
    assert page.locator("#live-front .errorbar").count() > 0
    assert "token" not in page.url
    assert page.faults == []
    page.close()


def test_a_result_is_entered_by_keyboard_alone_and_shows_without_reloading(browser, service):
    page = opened(browser, service)
    page.wait_for_selector("#live-open tbody tr")
    page.focus("#take input[name=n]")
    page.keyboard.press("Control+A")
    page.keyboard.type("1")
    page.keyboard.press("Tab")
    page.keyboard.type("keyboard")
    page.keyboard.press("Enter")
    playwright.expect(page.locator("#said")).to_contain_text("Yours")
    number = page.inner_text("#said").split("#")[1].split(".")[0]
    page.locator(f'#live-open button[data-do="tell"][data-id="{number}"]').focus()
    page.keyboard.press("Enter")
    assert page.input_value("#tell-id") == number
    for text in ("1,25", "", "1.5"):
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    playwright.expect(page.locator("#said")).to_contain_text("finished")
    fate = next(o for o in service[2].observations("solder_paste") if o["number"] == int(number))
    assert fate["values"] == {"a": 1.25, "b": 1.5}
    assert page.faults == []
    page.close()


def test_files_are_kept_with_a_result_and_alone_and_can_be_saved(browser, service):
    page = opened(browser, service)
    page.wait_for_selector("#live-open tbody tr")
    number = service[2].suggest("solder_paste", 1, "furnace_2")[0]["number"]
    scan = {"name": "scan 1.xy", "mimeType": "text/plain", "buffer": b"10.0 3\n10.1 5\n"}
    image = {"name": "grain.tif", "mimeType": "image/tiff", "buffer": bytes(range(256))}
    page.fill("#tell-id", str(number))
    for name in ("a", "b"):
        page.fill(f'#tell input[name="values:{name}"]', "1.1")
    page.set_input_files('#tell input[name="files"]', [scan])
    page.click("#tell button")
    playwright.expect(page.locator("#said")).to_have_text(f"#{number} is finished; kept: scan 1.xy.")
    page.fill("#tell-id", str(number))
    page.set_input_files('#tell input[name="files"]', [image])
    page.click("#tell button")
    playwright.expect(page.locator("#said")).to_have_text(f"#{number} is finished; kept: grain.tif.")
    with page.expect_download() as saved:
        page.locator("#live-files").get_by_role("link", name="scan 1.xy").click()
    assert Path(saved.value.path()).read_bytes() == scan["buffer"]
    assert service[2].attached("solder_paste", str(number), "grain.tif") == image["buffer"]
    fate = next(o for o in service[2].observations("solder_paste") if o["number"] == number)
    assert [len(fate["measurements"]), fate["values"]] == [1, {"a": 1.1, "b": 1.1}]
    page.set_input_files('#tell input[name="files"]', [])
    page.evaluate("document.querySelector('#tell input[name=files]').dataset.most = 3")
    page.fill("#tell-id", str(number))
    page.set_input_files('#tell input[name="files"]', [scan])
    page.click("#tell button")
    playwright.expect(page.locator("#said.bad")).to_contain_text("'scan 1.xy' has 14 bytes; at most 3 are kept")
    assert page.faults == []
    page.close()


def test_what_others_tell_appears_by_itself(browser, service):
    page = opened(browser, service)
    page.wait_for_selector("#live-open tbody tr")
    sample = service[2].suggest("solder_paste", 1, "somebody else")[0]
    playwright.expect(page.locator("#live-open")).to_contain_text("somebody else")
    service[2].give_back("solder_paste", sample["id"])
    playwright.expect(page.locator("#live-open")).not_to_contain_text("somebody else")
    page.close()


def test_a_mistake_is_said_in_words(browser, service):
    page = opened(browser, service)
    page.wait_for_selector("#live-open tbody tr")
    page.fill("#tell-id", "77")
    page.fill('#tell input[name="values:a"]', "1")
    page.click("#tell button")
    page.wait_for_selector("#said.bad")
    assert "unknown candidate '77'" in page.inner_text("#said")
    page.close()


def test_who_may_only_read_sees_no_form(browser, service):
    page = opened(browser, service, token="read")
    page.wait_for_selector("#live-front .main-svg")
    assert page.locator("form").count() == 0
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_pages_fit_on_a_desk_and_in_a_hand_by_day_and_night(browser, service, width, scheme):
    for path in ("/", "/campaigns/solder_paste"):
        page = opened(browser, service, path, viewport={"width": width, "height": 900}, color_scheme=scheme)
        if path != "/":
            page.wait_for_selector("#live-front .main-svg")
            page.wait_for_timeout(300)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(17, 22, 27)"
        assert dark == (scheme == "dark")
        assert page.faults == []
        if PICTURES:
            name = "list" if path == "/" else "campaign"
            page.screenshot(path=str(Path(PICTURES) / f"{name}_{width}_{scheme}.png"), full_page=path != "/")
        page.close()


def test_no_page_holds_a_script_of_its_own(service):
    headers = {"authorization": f"Bearer {service[1]['read']}"}
    for path in ("/", "/campaigns/solder_paste"):
        text = requests.get(service[0] + path, headers=headers).text
        assert text.count("<script") == text.count("<script src=")
        assert " on" not in {f" {word[:2]}" for word in text.split() if word.startswith("on") and "=" in word}
