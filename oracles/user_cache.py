"""This file is the user's cache folder, and files that appear in it whole or not at all."""

import functools
import os
import tempfile
from pathlib import Path


def write(path: Path, content: bytes) -> None:
    """Write whole or not at all, so that two processes at once do no harm."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    Path(temporary).replace(path)


@functools.cache
def cache_folder(name: str = "potentials") -> Path:
    """That folder of the user's cache, or a temporary one where it cannot be written; never one of somebody else's."""
    import platformdirs

    for parent in (
        Path(platformdirs.user_cache_dir("eutectic")),
        Path(tempfile.gettempdir()) / f"eutectic-{os.getuid()}",
    ):
        folder = parent / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            owners = {parent.stat().st_uid, folder.stat().st_uid}
        except OSError:
            continue
        if owners == {os.getuid()} and os.access(folder, os.W_OK):
            return folder
    return Path(tempfile.mkdtemp(prefix="eutectic-"))
