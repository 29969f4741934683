"""This file is passwords in addresses: they belong in the environment, not in files, records and pages."""

import re
from collections.abc import Mapping

from eutectic.campaigns.errors import Complaint

PASSWORD = re.compile(r"(?<=://)([^:/@\s]*):([^@\s/]*)@")
"""User and password of an address."""
MASK = "***"


def masked(uri: str) -> str:
    """An address without its password."""
    return PASSWORD.sub(rf"\1:{MASK}@", uri)


def hidden(uri: str) -> bool:
    """Is it an address whose password was taken away, so that nobody can be reached with it?"""
    return f":{MASK}@" in uri


def without(content: Mapping[str, object]) -> dict[str, object]:
    """A campaign file's content with the password of its tracking store masked."""
    tracking = content.get("tracking")
    uri = tracking.get("uri") if isinstance(tracking, Mapping) else None
    if not isinstance(tracking, Mapping) or not isinstance(uri, str):
        return {**content}
    return {**content, "tracking": {**tracking, "uri": masked(uri)}}


def secret_complaints(content: Mapping[str, object]) -> list[Complaint]:
    """A password in a campaign file, which would be copied into the journal."""
    tracking = content.get("tracking")
    uri = tracking.get("uri") if isinstance(tracking, Mapping) else None
    if not isinstance(uri, str) or not PASSWORD.search(uri):
        return []
    cure = "leave `uri` out and set MLFLOW_TRACKING_URI in the environment"
    return [Complaint(("tracking", "uri"), f"{masked(uri)}: a password would be copied into the record; {cure}")]
