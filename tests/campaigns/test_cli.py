"""The `campaign` command: what each verb prints, where it prints it, and its exit codes."""

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from eutectic.campaigns import cli
from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.errors import CampaignFolderError
from eutectic.campaigns.record.ledger import read_ledger

ROOT = Path(__file__).parents[2]
PROGRAM = [sys.executable, "-m", "eutectic"]
SMALL = """\
name: small
seed: 2
space:
  use: parameters
  variables: {x: [0, 1], quench: [water, oil]}
objectives:
  strength_mpa: {goal: maximize, reference: 0}
  price_usd_per_kg: {goal: minimize, reference: 10}
oracles:
  - {name: model, use: python, function: "model:evaluate", properties: [strength_mpa, price_usd_per_kg]}
optimizers: [{use: sobol}]
budget: {evaluations: 3}
tracking: {enabled: false}
"""
MODEL = """\
import time
from pathlib import Path

def evaluate(values):
    if Path("SLOW").exists():
        time.sleep(float(Path("SLOW").read_text()))
    return {"strength_mpa": 100 * values["x"], "price_usd_per_kg": 9 * values["x"] ** 2 + (values["quench"] == "oil")}
"""


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "COLUMNS": "160"}


@dataclass(frozen=True, slots=True)
class Said:
    """What a command printed."""

    stdout: str
    stderr: str


def program(folder: Path, *words: str, code: int = 0) -> Said:
    """Run the command in a process of its own and check its exit code."""
    done = subprocess.run(
        [*PROGRAM, *words], cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return Said(done.stdout, done.stderr)


def campaign(folder: Path, *words: str, code: int = 0) -> Said:
    """The same in this process, which has everything imported; of what it loads from the folder nothing stays."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err), warnings.catch_warnings():
        warnings.simplefilter("default")  # as Python itself has them
        warnings.simplefilter("ignore", DeprecationWarning)
        patch.chdir(folder)
        patch.setenv("COLUMNS", "160")
        patch.setattr(sys, "argv", ["campaign", *words])
        patch.setattr(sys, "path", [*sys.path])
        with pytest.raises(SystemExit) as end:
            cli.main()
        sys.modules.pop("model", None)
    assert (end.value.code or 0) == code, f"exit {end.value.code}\n{out.getvalue()}\n{err.getvalue()}"
    return Said(out.getvalue(), err.getvalue())


def write_small(folder: Path, text: str = SMALL) -> Path:
    (folder / "small.yaml").write_text(text)
    (folder / "model.py").write_text(MODEL.replace('"SLOW"', repr(str(folder / "SLOW"))))
    return folder


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Said]:
    """A folder in which the small campaign has run, and what the run said."""
    folder = write_small(tmp_path_factory.mktemp("finished"))
    return folder, program(folder, "run", "small.yaml")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return write_small(tmp_path)


def test_help_imports_nothing_heavy() -> None:
    heavy = ["torch", "numpy", "pandas", "pydantic", "mlflow", "rich", "yaml", "scipy", "botorch", "pymatgen"]
    probe = f"import sys, eutectic.campaigns.cli; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", probe], env=environment(), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_validate_imports_no_torch() -> None:
    examples = ("multi_principal_alloy", "heat_treatment", "catalyst_pool")
    probe = (
        "import sys\nfrom eutectic.campaigns.cli import main\n"
        f"for example in {examples}:\n"
        "    sys.argv = ['campaign', 'validate', f'examples/{example}.yaml']\n"
        "    try:\n        main()\n    except SystemExit as end:\n        assert not end.code, (example, end.code)\n"
        "    assert 'torch' not in sys.modules, example"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe], cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert all(f"{example}.yaml: valid" in done.stdout for example in examples)


def test_every_command_has_help() -> None:
    for verb in cli.VERBS:
        assert cli.command(verb).callback.__doc__
        assert "Usage" in campaign(ROOT, verb, "--help").stdout


def test_the_list_of_verbs_says_what_each_function_says() -> None:
    assert {verb: cli.command(verb).callback.__doc__.splitlines()[0] for verb in cli.VERBS} == {
        verb: line for verb, (_, line) in cli.VERBS.items()
    }
    listed = campaign(ROOT, "--help").stdout
    assert [line.split()[0] for line in listed.partition("Commands:\n")[2].splitlines() if line[:2] == "  "][
        : len(cli.VERBS)
    ] == [*cli.VERBS]


def test_version_is_printed_without_a_verb() -> None:
    assert program(ROOT, "--version").stdout.startswith("eutectic 0.")


def test_ctrl_c_before_anything_runs_leaves_no_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "app", interrupted)
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_run_keeps_results_on_stdout_and_progress_on_stderr(
    finished: tuple[Path, Said],
) -> None:
    folder, done = finished
    assert "Strength (MPa)" in done.stdout
    assert f"report: {Path('runs/small/report.html')}" in done.stdout
    assert "round 3: 3/3 done" in done.stderr
    assert "3/3" not in done.stdout
    assert (folder / "runs/small/journal.sqlite").exists()
    assert (folder / "runs/small/report.html").stat().st_size > 10_000
    assert list((folder / "runs/small/figures").glob("*.png"))


def test_quiet_run_says_nothing_on_stderr(small: Path) -> None:
    assert program(small, "run", "small.yaml", "--quiet").stderr == ""


def test_run_refuses_a_folder_that_holds_a_campaign_with_the_line_to_type(
    finished: tuple[Path, Said],
) -> None:
    refused = campaign(finished[0], "run", "small.yaml", code=2)
    assert "campaign resume runs/small" in refused.stderr
    assert refused.stdout == ""


def test_resuming_a_finished_campaign_changes_nothing(finished: tuple[Path, Said], small: Path) -> None:
    shutil.copytree(finished[0] / "runs" / "small", small / "here")
    before = campaign(small, "export", "here").stdout
    campaign(small, "resume", "here")
    assert campaign(small, "export", "here").stdout == before


def test_set_changes_values_of_the_file(small: Path) -> None:
    campaign(small, "run", "small.yaml", "--set", "budget.evaluations=2", "--set", "name=other")
    status = json.loads(campaign(small, "status", "runs/other", "--json").stdout)
    assert status["evaluations"]["done"] == 2


def test_status_json_is_as_promised(finished: tuple[Path, Said]) -> None:
    status = json.loads(campaign(finished[0], "status", "runs/small", "--json").stdout)
    assert (status["state"], status["reason"]) == ("done", "the budget of evaluations is used up")
    assert status["evaluations"]["done"] == 3
    assert status["evaluations"]["failed"] == status["evaluations"]["running"] == 0
    assert status["round"] == 3
    assert status["hypervolume"] > 0
    assert set(status["best"]) == {"strength_mpa", "price_usd_per_kg"}
    assert set(status["cost_s"]) == {"model"}
    assert len(status["timing"]["ask_s"]) == 3
    assert status["timing"]["overhead_s"] > 0


def test_status_for_people_names_the_state(finished: tuple[Path, Said]) -> None:
    assert campaign(finished[0], "status", "runs/small").stdout.startswith(
        "small: done (the budget of evaluations is used up)\n"
    )


def test_pareto_comes_in_three_formats(finished: tuple[Path, Said]) -> None:
    folder = finished[0]
    content = json.loads(campaign(folder, "pareto", "runs/small", "--format", "json").stdout)
    assert content["objectives"] == ["strength_mpa", "price_usd_per_kg"]
    assert content["reference"] == [0, 10]
    rows = list(csv.DictReader(io.StringIO(campaign(folder, "pareto", "runs/small", "--format", "csv").stdout)))
    assert [row["id"] for row in rows] == [candidate["id"] for candidate in content["candidates"]]
    table = campaign(folder, "pareto", "runs/small").stdout.splitlines()
    assert len(table) == len(rows) + 1
    assert "Strength (MPa)" in table[0]


def test_export_csv_has_a_row_an_evaluation(finished: tuple[Path, Said], tmp_path: Path) -> None:
    text = campaign(finished[0], "export", "runs/small", "--format", "csv").stdout
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 3
    head = "id,round,status,oracle,fidelity,origin,cost_s,number,x,quench,strength_mpa,price_usd_per_kg"
    assert text.startswith(head)
    campaign(finished[0], "export", "runs/small", "-o", str(tmp_path / "all.csv"))
    assert (tmp_path / "all.csv").read_text() == text


def test_export_of_structures_without_any_says_so(finished: tuple[Path, Said]) -> None:
    assert "structure" in campaign(finished[0], "export", "runs/small", "--format", "cif", code=1).stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("export", "runs/small", "-o", "nowhere/all.csv"), "nowhere/all.csv: No such file or directory"),
        (("export", "runs/small", "-o", "runs"), "runs: Is a directory"),
        (("run", "small.yaml", "--dir", "model.py"), "model.py: this folder cannot be made (File exists)"),
        (("token", "add", "Eva", "--dir", "model.py"), "model.py: File exists"),
        (("serve", "model.py", "--port", "0"), "model.py: File exists"),
    ],
)
def test_a_place_that_cannot_be_written_to_is_named_in_a_line(
    finished: tuple[Path, Said], words: tuple[str, ...], said: str
) -> None:
    assert campaign(finished[0], *words, code=2).stderr.strip() == said


def test_report_prints_its_path(finished: tuple[Path, Said]) -> None:
    assert campaign(finished[0], "report", "runs/small").stdout.strip() == "runs/small/report.html"


@pytest.mark.parametrize(
    "words", [("status",), ("pareto",), ("report",), ("export",), ("resume",), ("stop",), ("suggest",)]
)
def test_commands_refuse_a_folder_without_a_campaign(words: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for folder in ("empty", "nowhere"):
        refused = campaign(tmp_path, *words, folder, code=2)
        assert folder in refused.stderr
        assert "Traceback" not in refused.stderr


def test_bad_file_is_refused_with_file_line_and_path(small: Path) -> None:
    (small / "small.yaml").write_text(SMALL.replace("evaluations: 3", "evaluatoins: 3"))
    for verb in ("run", "validate"):
        refused = campaign(small, verb, "small.yaml", code=2)
        assert "small.yaml:12: budget.evaluatoins: " in refused.stderr
        assert "did you mean 'evaluations'" in refused.stderr
        assert "Traceback" not in refused.stderr
        assert refused.stdout == ""
    assert not (small / "runs").exists()


def test_bundled_example_is_taken_when_no_such_file_exists_and_said_so(tmp_path: Path) -> None:
    shorter = ["optimizers.0.evaluations=2", "budget.evaluations=3", "budget.batch=1", "tracking.enabled=false"]
    done = campaign(tmp_path, "run", "catalyst_pool.yaml", *(word for change in shorter for word in ("--set", change)))
    assert "taking the bundled example" in done.stderr
    assert (tmp_path / "runs/catalyst_pool/journal.sqlite").exists()


def test_a_file_of_that_name_goes_before_the_bundled_example(small: Path) -> None:
    (small / "small.yaml").rename(small / "catalyst_pool.yaml")
    done = campaign(small, "validate", "catalyst_pool.yaml")
    assert "bundled" not in done.stderr


def test_unknown_file_is_refused_with_the_nearest_example(tmp_path: Path) -> None:
    assert "multi_principal_alloy" in campaign(tmp_path, "run", "multi_principle_alloy.yaml", code=2).stderr


def test_init_writes_the_example_with_its_schema_and_never_overwrites(tmp_path: Path) -> None:
    assert "catalyst_pool" in campaign(tmp_path, "init").stdout
    written = campaign(tmp_path, "init", "catalyst_pool").stdout.split()
    assert written == ["catalyst_pool.yaml", "catalyst_pool.csv", "campaign.schema.json"]
    assert json.loads((tmp_path / "campaign.schema.json").read_text())["properties"]["objectives"]
    (tmp_path / "catalyst_pool.yaml").write_text("mine")
    assert "catalyst_pool.yaml" in campaign(tmp_path, "init", "catalyst_pool", code=2).stderr
    assert (tmp_path / "catalyst_pool.yaml").read_text() == "mine"


def test_schema_is_json_schema(tmp_path: Path) -> None:
    assert json.loads(campaign(tmp_path, "schema").stdout)["$schema"].startswith("https://json-schema.org")


def test_plugins_lists_parts_and_explains_one(tmp_path: Path) -> None:
    assert "lammps_alloy" in campaign(tmp_path, "plugins").stdout
    assert "decorations" in campaign(tmp_path, "plugins", "lammps_alloy").stdout
    assert "did you mean 'sobol'" in campaign(tmp_path, "plugins", "sobl", code=2).stderr
    told = campaign(tmp_path, "plugins", "satisfy").stdout
    assert "satisfy is a value of `goal` in `optimizers` of a campaign file: `satisfy`: look for candidates" in told
    assert "docs/campaign-file.md" in told
    assert "stall is a key of `budget`" in campaign(tmp_path, "plugins", "stall").stdout


def test_doctor_names_engines_and_how_to_get_them(tmp_path: Path) -> None:
    told = campaign(tmp_path, "doctor").stdout
    for name in ("torch", "lammps", "chgnet", "pw.x", "gpaw", "mlflow", "sqlite", "cores", "cache folder"):
        assert name in told


def test_missing_engine_ends_with_its_cure_and_exit_code_1(small: Path) -> None:
    text = SMALL.replace('use: python, function: "model:evaluate"', "use: command, run: [no_such_program]")
    (small / "small.yaml").write_text(text)
    refused = campaign(small, "run", "small.yaml", code=1)
    assert "no_such_program" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_dry_run_counts_and_forecasts_and_leaves_nothing(small: Path) -> None:
    told = campaign(small, "run", "small.yaml", "--dry-run").stdout
    assert "model" in told
    assert not (small / "runs").exists()


@contextmanager
def started(folder: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """The command, running; killed if the test leaves it behind."""
    process = subprocess.Popen(
        [*PROGRAM, *words], cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for(condition: Callable[[], bool], patience_s: float = 180.0) -> None:
    end = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


def running(folder: Path) -> bool:
    """Is an evaluation of the small campaign running?"""
    if not (folder / "runs/small/journal.sqlite").exists():
        return False
    try:
        return any(outcome.status == "running" for outcome in read_ledger(folder / "runs/small").outcomes)
    except CampaignFolderError:  # its first transaction is still to come
        return False


def test_first_ctrl_c_drains_and_resume_goes_on(small: Path) -> None:
    (small / "SLOW").write_text("2")
    with started(small, "run", "small.yaml") as process:
        wait_for(lambda: running(small))
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Ctrl-C again kills" in said
    status = json.loads(campaign(small, "status", "runs/small", "--json").stdout)
    assert status["state"] == "stopped"
    assert 1 <= status["evaluations"]["done"] < 3
    (small / "SLOW").unlink()
    campaign(small, "resume", "runs/small")
    assert json.loads(campaign(small, "status", "runs/small", "--json").stdout)["evaluations"]["done"] == 3


def test_second_ctrl_c_kills_what_runs(small: Path) -> None:
    (small / "SLOW").write_text("300")
    with started(small, "run", "small.yaml") as process:
        wait_for(lambda: running(small))
        process.send_signal(signal.SIGINT)
        time.sleep(1)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in said
    (small / "SLOW").unlink()
    campaign(small, "resume", "runs/small")


def test_a_running_campaign_is_nobody_elses_and_ends_when_it_is_told_to_from_outside(small: Path) -> None:
    (small / "SLOW").write_text("2")
    with started(small, "run", "small.yaml") as process:
        wait_for(lambda: running(small))
        assert "in use" in campaign(small, "resume", "runs/small", code=2).stderr
        campaign(small, "stop", "runs/small")
        process.communicate(timeout=60)
    assert process.returncode == 130


def test_suggest_beyond_the_budget_says_that_it_is_used_up_and_how_to_go_on(finished: tuple[Path, Said]) -> None:
    more = campaign(finished[0], "suggest", "runs/small", "-n", "2")
    assert more.stdout.strip() == "nothing left to suggest"
    assert "the budget of 3 evaluations is used up" in more.stderr
    assert "campaign change runs/small --set budget.evaluations=..." in more.stderr


def test_suggest_and_tell_run_a_campaign_by_hand(small: Path) -> None:
    Campaign.from_yaml(small / "small.yaml", small / "runs" / "hand").close()
    suggested = json.loads(campaign(small, "suggest", "runs/hand", "-n", "2", "--format", "json").stdout)
    assert len(suggested) == 2
    again = json.loads(campaign(small, "suggest", "runs/hand", "-n", "3", "--format", "json").stdout)
    assert [c["id"] for c in again[:2]] == [c["id"] for c in suggested]
    assert again[2]["id"] not in {c["id"] for c in suggested}
    assert set(suggested[0]["variables"]) == {"x", "quench"}
    campaign(small, "tell", "runs/hand", "--id", suggested[0]["id"], "strength_mpa=70", "price_usd_per_kg=3")
    (small / "measured.csv").write_text(
        "id,x,quench,strength_mpa,price_usd_per_kg,strength_mpa_std\n"
        f"{suggested[1]['id']},{suggested[1]['variables']['x']},{suggested[1]['variables']['quench']},55,2,0.5\n"
    )
    campaign(small, "tell", "runs/hand", "--csv", "measured.csv")
    rows = {row["id"]: row for row in csv.DictReader(io.StringIO(campaign(small, "export", "runs/hand").stdout))}
    assert float(rows[suggested[0]["id"]]["strength_mpa"]) == 70
    assert float(rows[suggested[1]["id"]]["strength_mpa_std"]) == 0.5
    refused = campaign(small, "tell", "runs/hand", "--id", "0123456789abcdef", "strength_mpa=1", code=2)
    assert "0123456789abcdef" in refused.stderr
    campaign(small, "tell", "runs/hand", code=2)
