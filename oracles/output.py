"""This file is a text stream that keeps only its end, so that printing megabytes costs nothing."""

import io
from collections import deque


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
