"""Executors are parts: refused in words before anything runs, with what to start or to install."""

import json
import os
import stat
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import pytest

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.commands.run import check_only
from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.execution import batch_jobs, carrier, dask, node, parsl
from eutectic.campaigns.execution.answers import Answers, _Watch
from eutectic.campaigns.execution.base import EvaluationLost, Resources, Setting
from eutectic.campaigns.execution.carrier import Carrier, Simple
from eutectic.campaigns.execution.flight import WALLTIME
from eutectic.campaigns.file import plugins, schema
from eutectic.campaigns.loop import routing
from eutectic.campaigns.problem.executors import most
from eutectic.oracles.base import EngineMissing, Evaluation
from tests.campaigns.execution.clusters_of_tests import free_port
from tests.campaigns.trial_campaigns import calls, write

JOB = {"queue": "compute", "account": "mat", "cores": 4, "memory": "8 GB", "walltime": "02:00:00"}


def refused(folder, **sections):
    with pytest.raises(CampaignFileError) as caught:
        Campaign.from_yaml(write(folder, **sections), folder / "run")
    return str(caught.value)


@pytest.mark.parametrize(
    ("executor", "says"),
    [
        (
            {"use": "dsk"},
            "executor.use: unknown executor 'dsk'; did you mean 'dask'? known: dask, local, ",
        ),
        ({"use": "dask", "adress": "tcp://a:1"}, "executor.adress: unknown key 'adress'; did you mean 'address'?"),
        ({"adress": "tcp://a:1"}, "executor.adress: unknown key 'adress'"),
        ({"use": "dask", "address": "host"}, "executor.address: 'host' is no address; write it like tcp://host:8786"),
        ({"use": "dask", "cluster": "slrm"}, "executor.cluster: must be 'slurm', 'pbs'"),
        ({"use": "dask", "cluster": "slrm"}, "did you mean 'slurm'?"),
        ({"use": "dask", "cluster": "slurm"}, "job: give cores and memory"),
        ({"use": "dask", "cluster": "slurm", "job": {"cores": 2}}, "executor.job: give memory"),
        ({"use": "dask", "job": JOB}, "executor.job: has no meaning without `cluster`"),
        ({"use": "dask", "address": "tcp://a:1", "cluster": "slurm"}, "executor.address: give this or `cluster`"),
        ({"use": "parsl", "config": "no.py"}, "executor.config: no such file: "),
        ({"use": "local", "workers": "2"}, "executor.workers: give a whole number"),
    ],
)
def test_what_an_executor_cannot_be_is_refused(tmp_path, executor, says):
    assert says in refused(tmp_path, executor=executor)
    assert not (tmp_path / "run").exists()


def test_an_unknown_option_of_a_batch_job_is_refused_with_the_nearest(tmp_path):
    pytest.importorskip("dask_jobqueue")
    executor = {"use": "dask", "cluster": "slurm", "job": {**JOB, "waltime": "1:00:00"}}
    assert "executor.job: unknown option 'waltime'; did you mean 'walltime'? known: " in refused(
        tmp_path, executor=executor
    )


@pytest.mark.parametrize(
    ("executor", "resources", "says"),
    [
        ({}, {"cores": 4}, "resources.cores: the executor 'local' gives each evaluation one core"),
        ({}, {"gpus": 1}, "resources.gpus: the executor 'local' hands out no GPUs"),
        ({}, {"core": 1}, "resources.core: unknown key 'core'; did you mean 'cores'?"),
        ({"use": "threads"}, {"cores": 4096}, "resources.cores: this machine has "),
        ({"use": "parsl"}, {"cores": 2}, "resources.cores: a worker has 1; say how many"),
        ({"use": "dask"}, {"gpus": 1}, "resources.gpus: a worker has 0"),
        (
            {"use": "dask", "cluster": "slurm", "job": JOB},
            {"cores": 8},
            "resources.cores: a job has 4; give ",
        ),
        ({"use": "dask", "cluster": "slurm", "job": JOB}, {"memory_mb": 9000}, "resources.memory_mb: a job has 8000"),
    ],
)
def test_resources_that_an_executor_cannot_see_to_are_refused(tmp_path, executor, resources, says):
    oracles = [{"use": "python", "function": "trial:bowls", "resources": resources}]
    assert says in refused(tmp_path, executor=executor, oracles=oracles)


def test_an_address_that_nobody_answers_at_is_named_with_what_to_start(tmp_path):
    port = free_port()
    path = write(tmp_path, executor={"use": "dask", "address": f"tcp://127.0.0.1:{port}"})
    says = (
        f"nobody answers at tcp://127.0.0.1:{port} .*`dask scheduler --port {port}`, and workers with `dask worker tcp"
    )
    with pytest.raises(EngineMissing, match=says):
        Campaign.from_yaml(path, tmp_path / "run", by_itself=True)
    assert not (tmp_path / "run").exists()
    assert check_only(path, []) == 1


def test_what_is_not_installed_is_named_with_the_line_that_installs_it(monkeypatch):
    for module in (dask, parsl):
        monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(EngineMissing, match=r"needs distributed: pip install 'eutectic\[cluster\]'"):
        dask.Dask().check()
    with pytest.raises(EngineMissing, match=r"needs distributed and dask_jobqueue: pip install 'eutectic\[cluster\]'"):
        dask.Dask(cluster="slurm", job=JOB).check()
    with pytest.raises(EngineMissing, match=r"needs parsl: pip install 'eutectic\[parsl\]'"):
        parsl.Parsl().check()


def test_editors_know_the_options_of_each_executor():
    content = schema.schema()
    branches = content["$defs"]["executors"]["allOf"]
    dask_branch = next(
        b["then"] for b in branches if b["if"].get("properties", {}).get("use", {}).get("const") == "dask"
    )
    assert {"use", "workers", "timeout_s", "address", "cluster", "job"} <= set(dask_branch["properties"])
    usual = next(b["then"] for b in branches if "not" in b["if"])
    assert "address" not in usual["properties"]
    assert usual["additionalProperties"] is False
    assert content["properties"]["executor"]["$ref"] == "#/$defs/executors"


def test_a_dry_run_shows_the_script_of_a_batch_job_and_submits_none(tmp_path, capsys, monkeypatch):
    pytest.importorskip("dask_jobqueue")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    fake(tmp_path)
    job = {**JOB, "job_extra_directives": ["--gres=gpu:1"]}
    executor = {"use": "dask", "cluster": "slurm", "job": job, "workers": 8, "gpus": 1}
    oracles = [{"use": "python", "function": "trial:bowls", "resources": {"cores": 2}}]
    assert check_only(write(tmp_path, executor=executor, oracles=oracles), []) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "4 slurm jobs, submitted when the campaign runs:" in lines
    for directive in ("-p compute", "-A mat", "--cpus-per-task=4", "-t 02:00:00", "--gres=gpu:1"):
        assert f"#SBATCH {directive}" in lines
    assert "export EUTECTIC_NODE_ENDS=$(( $(date +%s) + 7200 ))" in lines
    assert any("--resources cores=4,gpus=1,memory_mb=8000" in line for line in lines)
    assert not (tmp_path / "submitted").exists()


def fake(folder):
    """`sbatch` and `scancel` that run jobs on this machine, and say which they were."""
    run = 'cp "$1" "$HERE/job.sh"\nsetsid sh "$HERE/job.sh" >>"$HERE/jobs.log" 2>&1 &\necho $! >>"$HERE/submitted"\n'
    programs = {"sbatch": run + 'echo "Submitted batch job $!"\n', "scancel": 'kill -- "-$1"\n'}
    for name, text in programs.items():
        path = folder / name
        path.write_text("#!/bin/sh\n" + text.replace("$HERE", str(folder)))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_a_campaign_runs_in_jobs_of_a_batch_queue_and_takes_them_back(tmp_path, monkeypatch):
    pytest.importorskip("dask_jobqueue")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    fake(tmp_path)
    job = {"cores": 2, "memory": "2 GB", "walltime": "00:10:00", "log_directory": str(tmp_path)}
    path = write(tmp_path, executor={"use": "dask", "cluster": "slurm", "job": job, "workers": 2})
    with Campaign.from_yaml(path, tmp_path / "run") as campaign:
        assert [event.kind for event in campaign.events()][-1] == "done"
        assert len(campaign.ledger.finished) == calls(tmp_path) == 8
    jobs = (tmp_path / "submitted").read_text().split()
    assert len(jobs) == 1, "two evaluations of one core fit into a job with two"
    end = time.monotonic() + 20
    while Path(f"/proc/{jobs[0]}").exists() and time.monotonic() < end:
        time.sleep(0.1)
    assert not Path(f"/proc/{jobs[0]}").exists()


@pytest.mark.parametrize(
    ("system", "walltime", "seconds"),
    [
        ("slurm", "02:00:00", 7200),
        ("slurm", "1-12:00:00", 129600),
        ("slurm", "90:30", 5430),
        ("lsf", "90:30", 325800),
        ("pbs", None, None),
        ("slurm", "soon", None),
    ],
)
def test_the_time_of_a_job_is_read_as_its_queue_writes_it(system, walltime, seconds):
    assert batch_jobs.seconds(system, walltime) == seconds


@pytest.mark.parametrize(
    ("memory", "mb"), [("8 GB", 8000.0), ("16GiB", 17179.869184), ("500MB", 500.0), (2e9, 2000.0), ("much", None)]
)
def test_memory_is_read_as_it_is_written(memory, mb):
    assert batch_jobs.megabytes(memory) == (mb if mb is None else pytest.approx(mb))


def test_a_local_executor_holds_an_oracle_to_its_own_memory(tmp_path):
    oracles = [{"use": "python", "function": "trial:glutton", "resources": {"memory_mb": 250}}]
    path = write(tmp_path, oracles=oracles, executor={"memory_mb": 4000}, budget={"evaluations": 1})
    (tmp_path / "trial.py").write_text("import time\ndef glutton(v):\n    x = b'x' * 500_000_000\n    time.sleep(60)\n")
    with Campaign.from_yaml(path, tmp_path / "run") as campaign:
        list(campaign.events())
        (outcome,) = campaign.ledger.outcomes
    assert (outcome.failure, "its limit is 250 MB" in outcome.error) == ("memory", True)


def test_an_evaluation_whose_node_ended_runs_again_once_and_is_then_its_own(tmp_path):
    with Campaign.from_yaml(write(tmp_path), tmp_path / "run") as campaign:
        campaign.ask(1)
        (outcome,), problem = campaign.ledger.outcomes, campaign.problem
    oracle = problem.oracles[0].name
    cut = Evaluation(outcome.id, oracle, status="failed", failure="infrastructure", provenance={WALLTIME: 1})
    first = routing.own(problem, outcome, 0, cut)
    assert (first.failure, routing.tried_again(first.failure, 1, 1)) == ("infrastructure", True)
    again = replace(outcome, evaluations=(first,))
    second = routing.own(problem, again, 0, cut)
    assert (second.failure, routing.tried_again(second.failure, 2, 1)) == ("timeout", False)
    assert routing.attempts(problem, again, 0) == 1


def test_a_campaign_whose_nodes_end_too_soon_runs_it_twice_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(node, "MARGIN_S", 1.0)
    oracles = [{"use": "python", "function": "trial:sleep"}]
    monkeypatch.setattr(node, "LEAST_S", 0.5)
    monkeypatch.setattr(node, "_left_s", lambda: 1.8)
    path = write(tmp_path, oracles=oracles, executor={"use": "threads"}, budget={"evaluations": 1})
    with Campaign.from_yaml(path, tmp_path / "run") as campaign:
        kinds = [event.kind for event in campaign.events()]
        (outcome,) = campaign.ledger.outcomes
    assert kinds.count("retry") == 1
    assert (outcome.failure, outcome.attempts) == ("timeout", 2)
    assert "give the job a longer walltime (the second time)" in outcome.error


@dataclass(frozen=True, slots=True)
class Losing:
    """An engine that carries out what it is sent and loses what came back."""

    def send(self, function: Callable[[str], str], order: str, key: str, resources: Resources) -> "Future[str]":
        """Call it here."""
        future: Future[str] = Future()
        function(order)
        future.set_exception(OSError("the node went away"))
        return future

    def close(self, kill: bool) -> None:
        """Nothing runs."""


def test_an_answer_that_was_written_though_its_carrier_was_lost_is_taken(tmp_path):
    executor = Carrier(Losing(), Setting(answers=str(tmp_path)))
    try:
        assert executor.submit("operator:add", 2, 3, key="k").result(timeout=60) == 5
        with pytest.raises(EvaluationLost, match="OSError: the node went away"):
            executor.submit("operator:add", 2, 3).result(timeout=60)
    finally:
        executor.shutdown(cancel_futures=True)


def test_an_oracles_own_memory_reaches_the_node(tmp_path):
    oracles = [{"use": "python", "function": "trial:glutton", "resources": {"memory_mb": 250}}]
    path = write(tmp_path, oracles=oracles, executor={"use": "threads", "memory_mb": 4000}, budget={"evaluations": 1})
    (tmp_path / "trial.py").write_text("import time\ndef glutton(v):\n    x = b'x' * 500_000_000\n    time.sleep(60)\n")
    with Campaign.from_yaml(path, tmp_path / "run") as campaign:
        list(campaign.events())
        assert campaign.ledger.outcomes[0].failure == "memory"


def test_of_two_that_want_to_evaluate_one_does_and_the_other_has_its_answer(tmp_path):
    answers = Answers(tmp_path)
    assert answers.claim_or_wait("k") is None
    answers.write("k", {"result": 3})
    answers.release("k")
    assert answers.claim_or_wait("k") == {"result": 3}
    assert [path.name for path in tmp_path.iterdir()] == ["k.json"]


def test_an_answer_that_comes_while_one_is_claiming_is_taken(tmp_path, monkeypatch):
    answers, looked = Answers(tmp_path), []

    def read(own, key, read=Answers.read):
        found = read(own, key)
        if not looked:  # the other ends just after the first look
            own.write(key, {"result": 3})
        looked.append(found)
        return found

    monkeypatch.setattr(Answers, "read", read)
    assert answers.claim_or_wait("k") == {"result": 3}
    assert looked == [None, {"result": 3}]
    assert not (tmp_path / "k.running").exists()


def test_one_that_evaluates_lives_on_when_the_clock_is_set_until_it_is_silent(tmp_path, monkeypatch):
    me = psutil.Process()
    (tmp_path / "k.running").write_text(
        json.dumps({"host": os.uname().nodename, "pid": me.pid, "born": me.create_time() - 1})
    )
    answers, watch = Answers(tmp_path), _Watch()
    claim = answers._claim_of("k")
    assert not watch.dead(claim)
    monkeypatch.setattr("eutectic.campaigns.execution.answers.SILENCE_S", 0.0)
    assert watch.dead(claim)


@pytest.mark.parametrize(
    "who", [{"host": os.uname().nodename, "pid": 2**22 + 1, "born": 1.0}, {"host": "elsewhere", "pid": 1, "born": 1.0}]
)
def test_a_dead_one_that_was_evaluating_is_taken_over_from(tmp_path, monkeypatch, who):
    monkeypatch.setattr("eutectic.campaigns.execution.answers.SILENCE_S", 0.6)
    (tmp_path / "k.running").write_text(json.dumps(who))
    assert Answers(tmp_path).claim_or_wait("k") is None
    assert json.loads((tmp_path / "k.running").read_text())["pid"] == os.getpid()


@dataclass(frozen=True, slots=True)
class Mine:
    """A stranger's executor."""

    size: int = 2
    """Threads."""

    def open(self, setting: Setting) -> Carrier:
        """What docs/clusters.md shows."""
        return Carrier(Simple(ThreadPoolExecutor(self.size)), setting)


def test_a_strangers_executor_needs_no_more_than_open(monkeypatch, tmp_path):
    monkeypatch.setitem(plugins.KINDS, "executors", {**plugins.EXECUTORS, "mine": f"{__name__}:Mine"})
    path = write(tmp_path, executor={"use": "mine", "size": 1}, budget={"evaluations": 2, "batch": 2})
    with Campaign.from_yaml(path, tmp_path / "run") as campaign:
        list(campaign.events())
        assert len(campaign.ledger.finished) == calls(tmp_path) == 2
    oracles = [{"use": "python", "function": "trial:bowls", "resources": {"cores": 2}}]
    assert "the executor 'mine' does not say that it sees to resources" in refused(
        tmp_path / "b", executor={"use": "mine"}, oracles=oracles
    )


def test_the_most_of_what_oracles_ask_for_is_what_an_executor_is_told():
    asked = [Resources(cores=2), Resources(memory_mb=100.0), Resources(gpus=1)]
    assert most(asked) == Resources(cores=2, memory_mb=100.0, gpus=1)
    assert most([]) == Resources()


@dataclass(slots=True)
class Leaving:
    """An engine whose node has no time left for so many orders, and then is another node."""

    times: int

    def send(self, function: Callable[[str], str], order: str, key: str, resources: Resources) -> "Future[str]":
        """Give it back without having begun it, or answer."""
        del function, order, key, resources
        future: Future[str] = Future()
        self.times -= 1
        future.set_result(json.dumps({"unbegun": True} if self.times >= 0 else {"result": "done elsewhere"}))
        return future

    def close(self, kill: bool) -> None:
        """Nothing runs."""


def test_a_job_that_outlives_its_time_is_waited_for_until_others_take_its_evaluations(tmp_path, monkeypatch):
    """A queue ends a job later than it said: an order goes to its node again and again, and not in a tight circle."""
    monkeypatch.setattr(carrier, "PAUSE_S", 0.05)
    executor = Carrier(Leaving(12), Setting(answers=str(tmp_path)))
    start = time.monotonic()
    assert executor.submit("time:sleep", 0, key="k").result(timeout=60) == "done elsewhere"
    assert time.monotonic() - start >= 12 * 0.05
    executor.shutdown()
