"""This file is one conversation with a program: text in, bounded text out, whatever it prints.

Of a stream that may print megabytes only the end is kept (`Tail`); standard output is kept whole up to a limit.
"""

import io
import subprocess
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Thread
from typing import IO


class Tail(io.TextIOBase):
    """Keeps the last `limit` characters written to it."""

    def __init__(self, limit: int = 4000) -> None:
        self.limit = limit
        self.dropped = 0
        self._parts: deque[str] = deque()
        self._kept = 0

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, text: str, /) -> int:
        """Keep the end of what was written so far."""
        self._parts.append(text[-self.limit :])
        self.dropped += len(text) - len(self._parts[-1])
        self._kept += len(self._parts[-1])
        while self._kept - len(self._parts[0]) >= self.limit:
            gone = len(self._parts.popleft())
            self._kept -= gone
            self.dropped += gone
        return len(text)

    def getvalue(self) -> str:
        """The kept end, with a line that says how much is not there."""
        text = "".join(self._parts)
        dropped = self.dropped + max(0, len(text) - self.limit)
        head = f"[{dropped} characters before this were dropped]\n" if dropped else ""
        return head + text[-self.limit :]


CHUNK_BYTES = 65536
"""Bytes read at once."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """How a program ended and what it said."""

    exit_code: int
    """Negative: the signal that ended it."""
    output: str
    """Standard output, whole unless it overflowed."""
    complaints: str
    """The end of standard error."""
    overflowed: bool
    """Whether standard output grew past the limit, whereupon the program was killed."""


def converse(argv: Sequence[str], folder: str, said: str, limit_bytes: int) -> Conversation:
    """Run argv in `folder`, write `said` to its standard input, and wait; OSError when it cannot be started.

    It stays in the caller's process group, so that whoever limits the caller's time ends it too.
    """
    pipe = subprocess.PIPE
    with subprocess.Popen(list(argv), cwd=folder, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        chunks: list[bytes] = []
        tail = Tail()
        threads = [
            Thread(target=_tell, args=(process.stdin, said.encode()), daemon=True),
            Thread(target=_collect, args=(process, process.stdout, chunks, limit_bytes), daemon=True),
            Thread(target=_follow, args=(process.stderr, tail), daemon=True),
        ]
        for thread in threads:
            thread.start()
        for thread in threads[1:]:
            thread.join()  # to the end of both streams: what a child of the program still writes belongs to it
        exit_code = process.wait()
        threads[0].join()
    output = b"".join(chunks)
    return Conversation(exit_code, output.decode(errors="replace"), tail.getvalue(), len(output) > limit_bytes)


def _tell(stream: IO[bytes], said: bytes) -> None:
    """Write and close; a program need not read what it is told."""
    with suppress(BrokenPipeError), stream:
        stream.write(said)


def _collect(process: "subprocess.Popen[bytes]", stream: IO[bytes], chunks: list[bytes], limit_bytes: int) -> None:
    """Read to the end, or kill the program once there is more than the limit."""
    size = 0
    while chunk := stream.read1(CHUNK_BYTES):  # type: ignore[attr-defined]
        size += len(chunk)
        chunks.append(chunk)
        if size > limit_bytes:
            process.kill()
            return


def _follow(stream: IO[bytes], tail: Tail) -> None:
    """Read to the end, keeping the tail."""
    while chunk := stream.read1(CHUNK_BYTES):  # type: ignore[attr-defined]
        tail.write(chunk.decode(errors="replace"))
