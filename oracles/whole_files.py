"""This file is how a file is written whole: it appears in one step, whoever else writes the same one just then."""

import os
from pathlib import Path
from uuid import uuid4


def write_whole(path: Path, content: bytes, mode: int = 0o666) -> None:
    """Put a file in the place of what was there, flushed to the disk; of several writers the last one's stays.

    mode: permissions, less the process's umask.
    """
    part = path.with_name(f".{path.name}.{uuid4().hex[:12]}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
