"""This file is what test_execution sends to workers: functions that behave, and functions that do not."""

import ctypes
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path


def double(x):
    return 2 * x


def threads():
    return os.environ["OMP_NUM_THREADS"]


def shout(megabytes):
    for _ in range(megabytes):
        print("x" * (1 << 20))
    print("the end", file=sys.stderr)
    return "done"


def shout_and_die(megabytes):
    shout(megabytes)
    os.kill(os.getpid(), signal.SIGKILL)


def sleep(path, seconds=1000):
    mark(path)
    time.sleep(seconds)


def mark(path):
    with Path(path).open("a") as file:
        file.write(f"{os.getpid()}\n")


def segfault():
    ctypes.string_at(0)


def leave(code):
    os._exit(code)


def raise_exit():
    sys.exit("enough")


def not_json():
    return {1, 2}


def grow(megabytes):
    hold = bytearray(os.urandom(1 << 20) * megabytes)
    time.sleep(1000)
    return len(hold)


def fork_and_return(path):
    if os.fork() == 0:
        mark(path)
    return os.getpid()


def daemons(path):
    """Leave a grandchild in a session of its own, and one more whose parent is gone, and sleep."""
    for _ in range(2):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.setsid()
                sleep(path)
            mark(path)
            os._exit(0)
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"], start_new_session=True)
    return "left"


def daemons_and_sleep(path):
    daemons(path)
    sleep(path)


def close_everything():
    os.closerange(0, 100)


def fill_pipe():
    return "y" * (5 << 20)


def hang_at_import():
    time.sleep(1000)


def die_at_import():
    os.kill(os.getpid(), signal.SIGKILL)


def end_by(number):
    """End by a signal."""
    os.kill(os.getpid(), number)
    time.sleep(1000)


def keep_a_thread():
    """Start a thread that does not end, as some libraries do when they are imported."""
    threading.Thread(target=time.sleep, args=(1000,)).start()


def spawn_and_sleep(path):
    """Start a program that stays in the evaluation's session, and sleep."""
    code = "import os, sys, time; open(sys.argv[1], 'a').write(f'{os.getpid()}\\n'); time.sleep(1000)"
    subprocess.Popen([sys.executable, "-c", code, path])
    time.sleep(1000)


def environment(name):
    return os.environ.get(name)


def session():
    return [os.getpid(), os.getsid(0), os.getpgid(0)]


def handlers():
    """How the evaluation takes signals, and its limit on core dumps."""
    kinds = [signal.getsignal(number) for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT)]
    names = ["default" if kind == signal.SIG_DFL else getattr(kind, "__name__", str(kind)) for kind in kinds]
    return [*names, resource.getrlimit(resource.RLIMIT_CORE)[0]]


def count_descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


def first_argument():
    return sys.path[0]


def mark_and_hang(path):
    """Sleep for ever, whatever a limit on time makes of it; only the process id is left."""
    mark(path)
    time.sleep(1.5)
    while True:
        time.sleep(1)


def mark_then_wait_for(path, file):
    """Wait for a file."""
    mark(path)
    while not Path(file).exists():
        time.sleep(0.05)
    return "gone on"


def device_for_a_while():
    """The graphics processors that are seen."""
    time.sleep(0.3)
    return os.environ.get("CUDA_VISIBLE_DEVICES")
