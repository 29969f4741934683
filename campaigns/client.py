"""This file is the service's verbs from Python, over HTTP: `Client(url, token).suggest("solder", 2)`.

Every verb may be called again when the answer was lost on the way: what was written down once counts once. So a lost
connection is tried again for a while, and a service that is started anew meanwhile is not noticed.
"""

import json
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import requests

from eutectic.campaigns.errors import CampaignFileError, CampaignFolderError, Complaint

PAUSE_S = 0.2
"""Seconds before a lost request is sent again."""
LOST = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)
"""A service that died before it answered, and in the middle of its answer."""
SAID = (404, 409, 422)
"""Statuses of what the asker can mend."""


class Client:
    """One service; use it from one thread."""

    def __init__(self, url: str, token: str = "", timeout_s: float = 120.0, patience_s: float = 30.0) -> None:
        """url: where it is, maybe with the `?token=` it was printed with; patience_s: how long a lost one is tried."""
        address, _, shown = url.partition("?token=")
        self._url, self._timeout_s, self._patience_s = address.rstrip("/"), timeout_s, patience_s
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {token or shown}"

    def campaigns(self) -> list[dict[str, Any]]:
        """The campaigns this token is for."""
        return list(self._json("GET", "/v1/campaigns"))

    def create(self, file: str | Path | Mapping[str, Any], start: bool = False) -> dict[str, Any]:
        """Begin the campaign of a file (its path, its text, or its content); the same again is the same campaign."""
        text = file.read_text(encoding="utf-8") if isinstance(file, Path) else file
        data = text if isinstance(text, str) else json.dumps(text)
        headers = {"content-type": "application/yaml"}
        answer = self._sent(
            "POST", "/v1/campaigns", data=data.encode(), headers=headers, params={"start": "true"} if start else None
        )
        return dict(answer.json())

    def status(self, name: str) -> dict[str, Any]:
        """How a campaign stands."""
        return dict(self._json("GET", f"/v1/campaigns/{name}"))

    def suggest(
        self,
        name: str,
        n: int = 1,
        holder: str | None = None,
        lease_s: float | None = None,
        context: Mapping[str, float | str] | None = None,
    ) -> list[dict[str, Any]]:
        """Up to n samples for a holder; asked again, the same."""
        wanted = {"n": n, "holder": holder, "lease_s": lease_s, "context": None if context is None else dict(context)}
        body = {key: value for key, value in wanted.items() if value is not None}
        return list(self._json("POST", f"/v1/campaigns/{name}/suggestions", body)["suggestions"])

    def give_back(self, name: str, id: str, why: str = "", never: bool = False, keep: bool = False) -> dict[str, Any]:
        """Say that a sample is not made; keep: it is to be made, by whoever asks next."""
        params = {"why": why, "never": str(never).lower(), "keep": str(keep).lower()}
        return dict(self._sent("DELETE", f"/v1/campaigns/{name}/suggestions/{id}", params=params).json())

    def tell(
        self,
        name: str,
        id: str,
        values: Mapping[str, object],
        errors: Mapping[str, float] | None = None,
        repeat: bool = False,
        note: str = "",
        by: str = "",
    ) -> dict[str, Any]:
        """Tell what was measured of a candidate; repeat: another measurement of the same sample."""
        body = {"id": id, "values": _plain(values), "errors": dict(errors or {}), "repeat": repeat}
        return self._observe(name, {**body, "note": note, "by": by})

    def fail(
        self, name: str, id: str, why: str, infrastructure: bool = False, by: str = "", note: str = ""
    ) -> dict[str, Any]:
        """Tell that a sample gave no values."""
        return self._observe(name, {"id": id, "failed": why, "infrastructure": infrastructure, "by": by, "note": note})

    def correct(
        self,
        name: str,
        id: str,
        values: Mapping[str, object],
        why: str = "",
        measurement: int | None = None,
        by: str = "",
        note: str = "",
    ) -> dict[str, Any]:
        """Put right what was told of a candidate."""
        body = {"id": id, "values": _plain(values), "why": why, "correct": True, "measurement": measurement}
        return self._observe(name, {**body, "by": by, "note": note})

    def add(
        self,
        name: str,
        variables: Mapping[str, float | str],
        values: Mapping[str, object],
        errors: Mapping[str, float] | None = None,
        key: str = "",
        failed: str = "",
        by: str = "",
        note: str = "",
    ) -> dict[str, Any]:
        """Tell a result of something never suggested; under one key it counts once. failed: it gave none, and why."""
        body: dict[str, Any] = {"variables": dict(variables), "values": _plain(values), "errors": dict(errors or {})}
        body |= {"by": by, "note": note, **({"failed": failed} if failed else {})}
        return self._observe(name, body, key)

    def note(self, name: str, id: str, text: str, by: str = "") -> dict[str, Any]:
        """Remark on a candidate."""
        return dict(self._json("POST", f"/v1/campaigns/{name}/notes", {"id": id, "text": text, "by": by}))

    def attach(
        self, name: str, id: str, file: str | Path, content: bytes | None = None, note: str = ""
    ) -> dict[str, Any]:
        """Keep a small file with a candidate: a path, or a name and its content; the same file again is one."""
        body = Path(file).read_bytes() if content is None else content
        path = f"/v1/campaigns/{name}/observations/{quote(id, safe='')}/files/{quote(Path(file).name, safe='')}"
        return dict(self._sent("PUT", path, data=body, params={"note": note} if note else None).json())

    def attached(self, name: str, id: str, file: str) -> bytes:
        """The content of a file that is kept with a candidate."""
        path = f"/v1/campaigns/{name}/observations/{quote(id, safe='')}/files/{quote(file, safe='')}"
        return bytes(self._sent("GET", path).content)

    def observations(self, name: str) -> list[dict[str, Any]]:
        """Every candidate and what became of it."""
        return list(self._json("GET", f"/v1/campaigns/{name}/observations"))

    def pareto(self, name: str) -> dict[str, Any]:
        """The Pareto front."""
        return dict(self._json("GET", f"/v1/campaigns/{name}/pareto"))

    def rounds(self, name: str) -> list[dict[str, Any]]:
        """The rounds that have ended."""
        return list(self._json("GET", f"/v1/campaigns/{name}/rounds"))

    def explain(self, name: str) -> dict[str, Any]:
        """What the properties depend on, explained anew."""
        return dict(self._json("POST", f"/v1/campaigns/{name}/explanation"))

    def report(self, name: str) -> str:
        """The report, HTML."""
        return str(self._sent("GET", f"/v1/campaigns/{name}/report").text)

    def export(self, name: str, format: str = "csv") -> str:
        """The record as csv, json, cif or pwd."""
        return str(self._sent("GET", f"/v1/campaigns/{name}/export", params={"format": format}).text)

    def start(self, name: str) -> dict[str, Any]:
        """Have a computed campaign run, or go on."""
        return dict(self._json("POST", f"/v1/campaigns/{name}/state", {"do": "start"}))

    def stop(self, name: str) -> dict[str, Any]:
        """Have a campaign stop after what it evaluates now."""
        return dict(self._json("POST", f"/v1/campaigns/{name}/state", {"do": "stop"}))

    def events(self, name: str, last: int = 0) -> Iterator[dict[str, Any]]:
        """What happens, from behind event number `last` on, without end; a lost connection is taken up again."""
        while True:
            headers = {"last-event-id": str(last), "accept": "text/event-stream"}
            with self._sent("GET", f"/v1/campaigns/{name}/events", headers=headers, stream=True) as answer:
                try:
                    for line in answer.iter_lines(decode_unicode=True):
                        if line.startswith("data:"):
                            event = json.loads(line[5:])
                            last = event["seq"]
                            yield event
                except requests.RequestException:
                    time.sleep(PAUSE_S)

    def _observe(self, name: str, body: Mapping[str, object], key: str = "") -> dict[str, Any]:
        headers = {"idempotency-key": key or uuid.uuid4().hex}
        content = {name: value for name, value in body.items() if value not in (None, "", False)}
        return dict(self._sent("POST", f"/v1/campaigns/{name}/observations", json=content, headers=headers).json())

    def _json(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        return self._sent(method, path, json=body).json()

    def _sent(
        self,
        method: str,
        path: str,
        json: Mapping[str, object] | None = None,
        data: bytes | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        stream: bool = False,
    ) -> requests.Response:
        """The answer; CampaignFileError, CampaignFolderError or PermissionError when it is none."""
        deadline = time.monotonic() + self._patience_s
        while True:
            try:
                answer = self._session.request(
                    method, self._url + path, json=json, data=data, params=params, headers=headers, stream=stream,
                    timeout=self._timeout_s,
                )  # fmt: skip
                break
            except LOST as error:
                if time.monotonic() > deadline:
                    raise CampaignFolderError(f"nobody answers at {self._url}; start it: campaign serve") from error
                time.sleep(PAUSE_S)
        if not answer.ok:
            raise _error(answer)
        return answer


def _plain(values: Mapping[str, object]) -> dict[str, Any]:
    """Values as JSON takes them: arrays of points as lists."""
    return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in values.items()}


def _error(answer: requests.Response) -> Exception:
    """What an answer says is wrong, as the command line has it."""
    try:
        content = answer.json()
        detail, errors = str(content["detail"]), content["errors"]
    except (ValueError, KeyError, TypeError):
        return CampaignFolderError(f"{answer.url}: {answer.status_code} {answer.reason}")
    if answer.status_code in (401, 403):
        return PermissionError(detail)
    if answer.status_code in SAID:
        return CampaignFileError([Complaint(tuple(e["path"]), e["message"], e["place"]) for e in errors])
    return CampaignFolderError(detail)
