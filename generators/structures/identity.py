"""This file is a generator's identity: a hash of all that its crystals depend on."""

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version


def identity(engine: str, options: Mapping[str, object], *libraries: str) -> str:
    """SHA-256 (64 hexadecimal digits) of an engine's name, its options (JSON values) and its libraries' versions."""
    content = [engine, dict(options), {name: version(name) for name in libraries}]
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
