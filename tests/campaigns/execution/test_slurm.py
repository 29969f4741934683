"""A real Slurm of one node, started by the test: campaigns through `use: dask` and dask-jobqueue."""

import os
import shutil
import socket
import subprocess
from collections import Counter

import pytest

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.record.ledger import read_ledger
from tests.campaigns.execution.clusters_of_tests import ROOT, free_port
from tests.campaigns.execution.processes_of_tests import until
from tests.campaigns.execution.test_engines import begun_and_killed, events
from tests.campaigns.trial_campaigns import calls, write

PROGRAMS = ("slurmctld", "slurmd", "sbatch", "squeue", "scancel")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.filterwarnings("ignore::ResourceWarning:distributed"),
    pytest.mark.skipif(not all(map(shutil.which, PROGRAMS)), reason="Slurm is not installed"),
    pytest.mark.skipif(os.geteuid() != 0, reason="slurmd starts jobs as root alone"),
]
CONFIGURATION = """
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
AuthType=auth/none
CredType=cred/none
SlurmUser=root
StateSaveLocation={folder}/controller
SlurmdSpoolDir={folder}/node
SlurmctldPidFile={folder}/controller.pid
SlurmdPidFile={folder}/node.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
ReturnToService=2
KillWait=5
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory={memory} State=UNKNOWN
PartitionName=compute Nodes=ALL Default=YES MaxTime=60 State=UP
"""
WHERE = """
import os
from pathlib import Path

def where(v):
    with open(Path(__file__).with_name("calls"), "a") as file:
        file.write("x")
    return {"a": v["x"] + v["y"], "b": float(os.environ["SLURM_JOB_ID"])}
"""
LONG = """
import time
from pathlib import Path

def long(v):
    with open(Path(__file__).with_name("calls"), "a") as file:
        file.write("x")
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    """Slurm's folder; its programs find it by SLURM_CONF."""
    pytest.importorskip("dask_jobqueue")
    folder = tmp_path_factory.mktemp("slurm")
    (folder / "controller").mkdir()
    (folder / "node").mkdir()
    path = folder / "slurm.conf"
    ports, cores = (free_port(), free_port()), os.cpu_count() or 1
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 21
    path.write_text(
        CONFIGURATION.format(host=socket.gethostname(), ports=ports, folder=folder, cores=cores, memory=memory)
    )
    patch = pytest.MonkeyPatch()
    patch.setenv("SLURM_CONF", str(path))
    patch.setenv("PYTHONPATH", str(ROOT))
    with (folder / "daemons.log").open("ab") as log:
        daemons = [subprocess.Popen([name, "-D"], stdout=log, stderr=log) for name in ("slurmctld", "slurmd")]
    try:
        until(lambda: said("sinfo", "-h", "-o", "%t") == "idle")
        yield folder
    finally:
        said("scancel", "--user", "root")
        until(lambda: not queued())
        for daemon in reversed(daemons):
            daemon.terminate()
            daemon.wait(30)
        patch.undo()


def said(*words):
    """What a program of Slurm's prints."""
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60).stdout.strip()


def queued():
    """The jobs that wait or run."""
    return said("squeue", "-h", "-o", "%i %t").splitlines()


def executor(folder, walltime="00:10:00"):
    job = {"queue": "compute", "cores": 2, "memory": "2 GB", "walltime": walltime, "log_directory": str(folder)}
    return {"use": "dask", "cluster": "slurm", "job": job, "workers": 2}


def test_a_campaign_runs_in_jobs_of_slurm_and_takes_them_back(slurm, tmp_path):
    oracles = [{"use": "python", "function": "where:where"}]
    path = write(tmp_path, executor=executor(tmp_path), oracles=oracles)
    (tmp_path / "where.py").write_text(WHERE)
    with Campaign.from_yaml(path, tmp_path / "run") as campaign:
        assert [event.kind for event in campaign.events()][-1] == "done"
        finished = campaign.ledger.finished
    assert len(finished) == calls(tmp_path) == 8
    assert {o.values["b"] for o in finished} == {1.0}, "two evaluations of one core fit into a job with two"
    until(lambda: not queued())


def test_jobs_of_a_campaign_that_was_killed_end_and_a_resumed_one_goes_on_in_others(slurm, tmp_path):
    home = begun_and_killed(tmp_path, executor(tmp_path))
    killed = calls(tmp_path)
    assert queued()
    until(lambda: not queued(), 120)
    (tmp_path / "go").touch()
    with Campaign.open(home) as campaign:
        list(campaign.events())
    ended = Counter(e.number for e in events(home) if e.kind == "evaluated" and not e.body["again"])
    assert dict(ended) == {1: 1, 2: 1, 3: 1, 4: 1}
    assert read_ledger(home).state == "done"
    assert calls(tmp_path) <= 4 + killed
    until(lambda: not queued())


def test_an_evaluation_that_outlasts_its_job_runs_once_more_in_another_and_is_then_its_own(slurm, tmp_path):
    sections = {"budget": {"evaluations": 1, "batch": 1}, "oracles": [{"use": "python", "function": "long:long"}]}
    path = write(tmp_path, executor={**executor(tmp_path, "00:02:00"), "workers": 1}, **sections)
    (tmp_path / "long.py").write_text(LONG)
    with Campaign.from_yaml(path, tmp_path / "run") as campaign:
        list(campaign.events())
        (outcome,) = campaign.ledger.outcomes
    assert (outcome.status, outcome.failure, calls(tmp_path)) == ("failed", "timeout", 2), outcome.error
    assert "walltime" in outcome.error
    until(lambda: not queued())
