"""This file is errors over HTTP: `application/problem+json` (RFC 9457) with the command line's complaints."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response

from eutectic.campaigns.errors import CampaignFileError, CampaignFolderError, Complaint
from eutectic.oracles.base import EngineMissing

MEDIA = "application/problem+json"
CODES = {"missing": 404, "conflict": 409, "": 422}
"""Kind of complaint -> status."""
FAILED: dict[int | str, dict[str, Any]] = {
    status: {
        "description": HTTPStatus(status).phrase,
        "content": {
            MEDIA: {
                "schema": {
                    "type": "object",
                    "required": ["type", "title", "status", "errors"],
                    "properties": {
                        "type": {"type": "string"},
                        "title": {"type": "string"},
                        "status": {"type": "integer"},
                        "detail": {"type": "string"},
                        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/Said"}},
                    },
                }
            }
        },
    }
    for status in (400, 401, 403, 404, 409, 413, 422, 503)
}
"""For the OpenAPI."""


def problem(status: int, detail: str, complaints: Sequence[Complaint] = ()) -> JSONResponse:
    """The answer that says what is wrong; each complaint has its path in the file, its words and its place."""
    errors = [{"path": list(c.path), "message": c.message, "place": c.place} for c in complaints]
    content = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "errors": errors or [{"path": [], "message": detail, "place": ""}],
    }
    return JSONResponse(content, status, media_type=MEDIA)


def of_file(error: CampaignFileError) -> JSONResponse:
    """404 for what is not there, 409 for what does not go with what is recorded, 422 for what makes no sense."""
    kinds = {complaint.kind for complaint in error.complaints}
    status = CODES[kinds.pop()] if len(kinds) == 1 else 422
    return problem(status, str(error), error.complaints)


def _of_request(error: RequestValidationError) -> JSONResponse:
    """A body or query that is not what the route takes, in the complaints' form."""
    complaints = []
    for one in error.errors():
        place, *path = one["loc"]
        complaints.append(Complaint(tuple(path), str(one["msg"]), str(place)))
    return problem(422, "\n".join(map(str, complaints)), complaints)


def install(app: FastAPI) -> None:
    """Answer every error of ours so; what is no error of the asker's stays 500 and goes to the log."""

    def answer(request: Request, error: Exception) -> Response:
        del request
        if isinstance(error, CampaignFileError):
            return of_file(error)
        if isinstance(error, RequestValidationError):
            return _of_request(error)
        if isinstance(error, HTTPException):
            return problem(error.status_code, str(error.detail))
        if isinstance(error, PermissionError):
            return problem(403, str(error))
        if isinstance(error, CampaignFolderError):
            return problem(409, str(error))
        return problem(503, str(error))

    for kind in (
        CampaignFileError,
        CampaignFolderError,
        EngineMissing,
        PermissionError,
        RequestValidationError,
        HTTPException,
    ):
        app.add_exception_handler(kind, answer)
