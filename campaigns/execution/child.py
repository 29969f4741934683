"""This file is one evaluation's own process: it calls one function with JSON arguments and writes one JSON line."""

import faulthandler
import importlib
import json
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from eutectic.campaigns.execution.processes import adopt_orphans, die_with_parent


def run_and_exit(function: str, arguments: Sequence[object], worker: int, result: int, output: int) -> None:
    """Become the evaluation; does not return.

    worker: process id of the parent. result, output: file descriptors for the answer and for anything printed.
    """
    me = os.getpid()
    try:
        _detach(worker, output)
        answer = {"result": resolve(function)(*arguments)}
    except BaseException as error:
        traceback.print_exc()
        answer = {"error": f"{type(error).__name__}: {error}"}
    if os.getpid() == me:  # what the function forked must not answer in its name
        _answer(answer, result)
    os._exit(0)


def resolve(function: str) -> Callable[..., Any]:
    """The function written as `package.module:name`."""
    module, _, name = function.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return found


def _detach(worker: int, output: int) -> None:
    """A session of its own, which ends with the worker; printing goes to `output`."""
    os.setsid()
    die_with_parent()
    if os.getppid() != worker:  # it died before we asked to die with it
        os._exit(1)
    adopt_orphans()
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    os.dup2(output, 1)
    os.dup2(output, 2)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    faulthandler.enable()


def _answer(answer: dict[str, object], result: int) -> None:
    """Write the line; an answer that JSON cannot hold is an error."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):  # the function closed it
            continue
    try:
        line = json.dumps(answer)
    except (TypeError, ValueError) as error:
        line = json.dumps({"error": f"{type(error).__name__}: {error}"})
    with os.fdopen(result, "w", encoding="utf-8") as pipe:
        pipe.write(line + "\n")
