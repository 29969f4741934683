"""This file is the user's cache folder."""

import functools
import os
import tempfile
from pathlib import Path


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
