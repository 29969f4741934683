"""This file is the service's side of its one child: requests one after another, a new child when one died."""

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import eutectic
from eutectic.campaigns.errors import CampaignFileError, CampaignFolderError, Complaint
from eutectic.oracles.base import EngineMissing, Value

MODULE = "eutectic.campaigns.service.proposing"
PATIENCE_S = 60.0
"""Seconds to try for where another process asks the same campaign just now."""
log = logging.getLogger("eutectic.service")


def environment() -> dict[str, str]:
    """For our own processes: they find the same code, whatever the folder they start in."""
    ours = str(Path(eutectic.__file__).parents[1])
    rest = os.environ.get("PYTHONPATH", "")
    return {**os.environ, "PYTHONPATH": f"{ours}{os.pathsep}{rest}" if rest else ours}


@dataclass(slots=True)
class Wish:
    """So many candidates somebody waits for."""

    folder: str
    n: int
    context: Mapping[str, Value] | None
    by: str
    holder: str
    """Who makes them, where they are a batch of their own; "" where it does not matter."""
    done: bool = False
    error: Exception | None = None


class Child:
    """The child; safe to use from many threads."""

    def __init__(self) -> None:
        self._turn, self._lock = threading.Lock(), threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._wishes: list[Wish] = []

    def ask(self, folder: Path, n: int, context: Mapping[str, Value] | None, by: str, holder: str = "") -> None:
        """Have n candidates more proposed; what several wish for one campaign meanwhile is asked at once.

        holder: who makes them as a batch of their own, which nobody else's wish joins.
        """
        wish = Wish(str(folder), n, context, by, holder)
        with self._lock:
            self._wishes.append(wish)
        with self._turn:
            if not wish.done:
                self._grant(self._alike(wish))
        if wish.error is not None:
            raise wish.error

    def call(self, request: Mapping[str, object]) -> Any:
        """The child's result; CampaignFileError and the like as it had them, CampaignFolderError when it died."""
        with self._turn:
            return self._called(request)

    def close(self) -> None:
        """End the child, whatever it does."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def _alike(self, wish: Wish) -> list[Wish]:
        """Take the wishes that one asking answers from the list: a context is nobody else's."""
        with self._lock:
            alike = [w for w in self._wishes if w is wish or (w.folder == wish.folder and not w.context)]
            alike = [w for w in alike if w.holder == wish.holder]
            alike = [wish] if wish.context else alike
            self._wishes = [w for w in self._wishes if w not in alike]
        return alike

    def _grant(self, wishes: list[Wish]) -> None:
        names = ", ".join(dict.fromkeys(wish.by for wish in wishes if wish.by))
        request = {"do": "ask", "folder": wishes[0].folder, "n": sum(wish.n for wish in wishes), "by": names}
        error: Exception | None = None
        try:
            self._patiently({**request, "context": wishes[0].context, "holder": wishes[0].holder})
        except (CampaignFileError, CampaignFolderError, EngineMissing) as refused:
            error = refused
        for wish in wishes:
            wish.done, wish.error = True, error

    def _patiently(self, request: Mapping[str, object]) -> None:
        """Ask; again where somebody else asks this campaign just now."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                self._called(request)
                return
            except CampaignFolderError as error:
                if "is in use" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def _called(self, request: Mapping[str, object]) -> Any:
        process = self._process
        if process is None or process.poll() is not None:
            process = self._process = _started()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except OSError:
            line = ""
        if not line:
            process.kill()
            process.communicate()
            self._process = None
            raise CampaignFolderError(f"the process that was to {request['do']} died; ask again")
        return _result(json.loads(line))


def _started() -> subprocess.Popen[str]:
    command = [sys.executable, "-m", MODULE]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment(), start_new_session=True
    )


def _result(answer: Mapping[str, Any]) -> Any:
    """What an answer holds, or its error raised here."""
    if "complaints" in answer:
        raise CampaignFileError([Complaint(**{**one, "path": tuple(one["path"])}) for one in answer["complaints"]])
    if "folder" in answer:
        raise CampaignFolderError(answer["folder"])
    if "engine" in answer:
        raise EngineMissing(answer["engine"])
    if "refused" in answer:
        raise CampaignFileError([Complaint((), answer["refused"])])
    if "broken" in answer:
        log.error("a request broke in the child", extra={"trace": answer["broken"]})
        raise RuntimeError(answer["broken"].strip().splitlines()[-1])
    return answer["result"]
