"""Services for tests: one in a thread, one in a process that can be killed, and the campaigns they lead."""

import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from eutectic.campaigns.client import Client
from eutectic.campaigns.service import access
from eutectic.campaigns.service.app import application

ROOT = Path(__file__).parents[3]
SOLDER = {
    "name": "solder",
    "seed": 3,
    "space": {"use": "parameters", "variables": {"x": [0, 1], "y": [0, 1]}},
    "objectives": {"a": {"goal": "minimize", "reference": 2.0}, "b": {"goal": "minimize", "reference": 2.0}},
    "oracles": [{"use": "person", "properties": ["a", "b"], "instructions": "Measure it."}],
    "optimizers": [{"use": "sobol"}],
    "budget": {"evaluations": 12, "batch": 2},
    "tracking": {"enabled": False},
}
"""Led by hand."""


def file(name="solder", **sections):
    return {**SOLDER, "name": name, **sections}


def computed(name="bowls", evaluations=6, **sections):
    """One whose oracle is a module in the data folder, which the operator has to allow."""
    oracles = [{"use": "python", "function": "trial:slow", "properties": ["a", "b"]}]
    return file(name, oracles=oracles, budget={"evaluations": evaluations, "batch": 2}, **sections)


def measured(suggestion):
    x, y = (float(suggestion["variables"][name]) for name in ("x", "y"))
    return {"a": (x - 0.3) ** 2 + y, "b": (y - 0.7) ** 2 + x}


MODULE = """
import time

def slow(v):
    time.sleep(0.2)
    return {"a": (v["x"] - 0.3) ** 2 + v["y"], "b": (v["y"] - 0.7) ** 2 + v["x"]}
"""


def with_data(folder):
    (folder / "data").mkdir(parents=True, exist_ok=True)
    (folder / "data" / "trial.py").write_text(MODULE)


@contextmanager
def served(folder, **options):
    """A service in a thread of this process, a token of each scope, and its address."""
    folder.mkdir(parents=True, exist_ok=True)
    tokens = {scope: access.add(folder, scope, scope) for scope in access.SCOPES}
    guarded = application(folder, **options, over=lambda: server.should_exit)
    settings = uvicorn.Config(
        guarded, port=0, log_config=None, access_log=False, server_header=False,
        root_path=options.get("root", ""), timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = uvicorn.Server(settings)
    socket = settings.bind_socket()
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]})
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{socket.getsockname()[1]}", tokens
    finally:
        server.should_exit = True
        thread.join()
        socket.close()


class Process:
    """A service in a process of its own, which can be killed and started again at the same address."""

    def __init__(self, folder, *words):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.words, self.port = folder, words, 0
        self.token = access.add(folder, "operator", "operate")
        self.start()

    def start(self):
        command = [sys.executable, "-m", "eutectic", "serve", str(self.folder), "--port", str(self.port), *self.words]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        with (self.folder / "service.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
        self.url = self.process.stdout.readline().strip().rstrip("/")
        self.port = int(self.url.rpartition(":")[2])

    def client(self, **options):
        return Client(self.url, self.token, **options)

    def kill(self):
        self.process.kill()
        self.process.communicate()

    def stop(self):
        self.process.terminate()
        self.process.communicate(timeout=20)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
