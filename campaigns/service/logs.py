"""This file is the service's log: a JSON object a line, with request, campaign and candidate."""

import json
import logging
import time

FIELDS = ("request", "campaign", "evaluation", "by", "method", "path", "status", "ms", "reason", "trace")
"""What a record may carry beside its message; addresses with tokens are none of it."""


class JsonLines(logging.Formatter):
    """Records as JSON, one a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Time in UTC, level, message, and whichever fields the record has."""
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        content: dict[str, object] = {
            "at": f"{at}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        content |= {name: value for name in FIELDS if (value := getattr(record, name, None)) not in (None, "")}
        if record.exc_info:
            content["trace"] = self.formatException(record.exc_info)
        return json.dumps(content, ensure_ascii=False, default=str)


def configure(level: str = "INFO") -> None:
    """Write so to standard error, what uvicorn has to say included."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        other = logging.getLogger(name)
        other.handlers, other.propagate = [], True
    logging.getLogger("uvicorn.access").disabled = True  # its lines have whole addresses; ours do not
