"""The pages of the documentation: their campaigns and code run, what they show of a file is valid, all are listed."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from eutectic.campaigns.cli import VERBS, app, command, exit_code
from eutectic.campaigns.file import plugins
from eutectic.campaigns.file.spec import CampaignSpec

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", flags=re.S | re.M)


def blocks(language: str) -> list[tuple[str, str]]:
    """Page and text of every block in a language."""
    return [
        (str(page.relative_to(DOCS)), text)
        for page in PAGES
        for tongue, text in BLOCK.findall(page.read_text(encoding="utf-8"))
        if tongue == language
    ]


def named(block: tuple[str, str]) -> str:
    """A block by its page and its first telling line."""
    page, text = block
    return f"{page}: {next(line for line in text.splitlines() if line.strip() and 'a fragment' not in line)[:30]}"


YAML = [(page, yaml.safe_load(text)) for page, text in blocks("yaml")]
CAMPAIGNS = [(page, content) for page, content in YAML if content and "name" in content]
FRAGMENTS = [(page, content) for page, content in YAML if content and "name" not in content]
CODE = blocks("python")
ROWS = np.random.default_rng(0).uniform(1, 2, (40, 3))
DATA = {"X": ROWS, "Y": ROWS[:, :1] / ROWS[:, 1:2], "names": ("a", "b", "c"), "y": ROWS[:, 0] / ROWS[:, 1]}
"""What pages call the user's rows."""


@pytest.mark.parametrize(("page", "content"), FRAGMENTS, ids=[f"{page}: {list(c)}" for page, c in FRAGMENTS])
def test_what_a_page_shows_of_a_campaign_file_is_valid(page: str, content: dict[str, Any]) -> None:
    learned = [name for name in content.get("surrogates", {}) if name != "default"]
    whole = {
        "name": "fragment",
        "space": {"use": "parameters", "variables": {"x": [0, 1]}},
        "objectives": dict.fromkeys(learned or ["y"], "minimize"),
        "oracles": [{"use": "person", "properties": learned or ["y"]}],
        "optimizers": [{"use": "sobol"}],
        "budget": {"evaluations": 100},
    }
    assert plugins.part_complaints(content) == []
    CampaignSpec.from_content({**whole, **content})


@pytest.mark.parametrize(("page", "content"), CAMPAIGNS, ids=[f"{page}: {c['name']}" for page, c in CAMPAIGNS])
def test_a_campaign_of_a_page_runs(
    page: str, content: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "campaign.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    for module in re.findall(r"function: (\w+):", (tmp_path / "campaign.yaml").read_text()):
        (tmp_path / f"{module}.py").write_text("\n".join(code for where, code in CODE if where == page))
    done = CliRunner().invoke(app, ["run", "campaign.yaml", "--quiet", "--set", "tracking.enabled=false"])
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize(("page", "code"), CODE, ids=map(named, CODE))
def test_code_of_a_page_runs(page: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    before = (
        "" if "import" in code else "\n".join(other for where, other in CODE if where == page and "import" in other)
    )
    exec(compile(f"{before}\n{code}", page, "exec"), {"__name__": "__page__", **DATA})


def commands() -> Iterator[tuple[str, str]]:
    """Page and words of every command of ours: in blocks, and in backticks."""
    for page in [*PAGES, ROOT / "README.md"]:
        fenced = False
        for line in page.read_text(encoding="utf-8").splitlines():
            fenced ^= line.startswith("```")
            where = r"(?:^|^\$ |&& )" if fenced else "`"
            for words in re.findall(rf"{where}(campaign [a-z][^`#|&;]*)", line):
                yield page.name, words.strip()


@pytest.mark.parametrize(("page", "words"), sorted(set(commands())))
def test_a_command_of_a_page_exists_with_its_options(page: str, words: str) -> None:
    verb, *rest = words.split()[1:]
    assert verb in VERBS, f"{page}: {words}"
    called: Any = command(verb)
    for word in rest:
        called = getattr(called, "commands", {}).get(word, called)
    known = {option for parameter in called.params for option in (*parameter.opts, *parameter.secondary_opts)}
    given = {word.strip("[]().,").partition("=")[0] for word in rest if word.strip("[(").startswith("-")}
    assert given - known - {"--help", "-"} == set(), f"{page}: {words}"


FOLLOWED = ("tutorial.md", "commands.md", "jobs/laboratory.md", "jobs/pool.md", "jobs/process.md")
"""Pages whose commands are typed here, in order, with small budgets."""
ELSEWHERE = {
    "explanations.md": "a placeholder for the folder",
    "jobs/alloys.md": "LAMMPS; run by the tests of the examples",
    "jobs/crystals.md": "CHGNet; run by the tests of the examples",
    "jobs/ladder.md": "LAMMPS and CHGNet; run by the tests of the examples",
    "mlflow.md": "a server that does not end",
    "parts.md": "installs a package; run by the tests of the templates",
    "clusters.md": "a cluster",
}
"""Pages whose commands are not, and why."""
REFUSED = {"campaign validate heat_treatment.yaml --set budget.evaluation=40": 2}
"""Commands that end otherwise than with 0, as their pages say."""
FIRST = {"commands.md": ["campaign init laboratory"]}
"""What a page says of a block in its text: with which example it works."""
ENGINES = "campaign generator "
"""Begins what is not typed here: engines of crystals, which tests/campaigns/commands/test_generator.py runs."""


def typed(page: str) -> list[str]:
    """The lines of a page's blocks that are commands of ours, in order, without remarks."""
    lines = [line for tongue in ("text", "bash") for where, text in blocks(tongue) if where == page
             for line in text.splitlines() if line.startswith(("campaign ", "$ campaign "))]  # fmt: skip
    return [shlex.join(shlex.split(line.removeprefix("$ "), comments=True)) for line in lines]


def shortened(folder: Path) -> None:
    """Every campaign file in a folder with the least that shows something, one worker and no tracking."""
    for file in folder.glob("*.yaml"):
        content = yaml.safe_load(file.read_text())
        content["budget"] |= {"evaluations": 5, "batch": 5}
        content["optimizers"][0] |= {"evaluations": 4}
        content |= {"executor": {"use": "local", "workers": 1}, "tracking": {"enabled": False}}
        file.write_text(yaml.safe_dump(content, sort_keys=False))


@pytest.mark.parametrize("page", FOLLOWED)
def test_commands_of_a_page_do_what_it_says_when_they_are_typed(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for line in [*FIRST.get(page, []), *(line for line in typed(page) if not line.startswith(ENGINES))]:
        small = re.sub(r"(?<=budget.evaluations=)\d+", "6", line)
        done = CliRunner().invoke(app, shlex.split(small)[1:])
        code = exit_code(done.exception) if isinstance(done.exception, Exception) else done.exit_code
        assert code == REFUSED.get(line, 0), f"{line}\n{done.output}"
        if line.startswith("campaign init"):
            shortened(tmp_path)
    told = {*REFUSED} & {*typed(page)}
    assert all("is refused" in (DOCS / page).read_text().partition(line)[2][:40] for line in told)


def test_every_page_with_commands_is_followed_or_says_why_not() -> None:
    pages = {str(page.relative_to(DOCS)) for page in PAGES}
    assert {page for page in pages if typed(page)} == {*FOLLOWED, *ELSEWHERE}


def test_every_page_is_listed_and_every_listed_page_is_there() -> None:
    listed = set(re.findall(r"[\w/-]+\.md", (ROOT / "mkdocs.yml").read_text(encoding="utf-8")))
    assert listed == {str(page.relative_to(DOCS)) for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#:\s]*)(#[^)\s]*)?\)", page.read_text(encoding="utf-8")):
        there = page if not target else page.parent / target
        assert there.exists(), f"{page}: {target}"
        if anchor and there.suffix == ".md":
            headings = re.findall(r"^#+ (.+)$", there.read_text(encoding="utf-8"), flags=re.M)
            slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}
            assert anchor[1:] in slugs, f"{page}: {target}{anchor}"
