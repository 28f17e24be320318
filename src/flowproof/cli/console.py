"""What a running server writes to stderr: a line for each refused request, and its own failures; as text or JSON."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

import click

from . import terminal

__all__ = ["log_to_stderr"]


def log_to_stderr(log_format: str = "text") -> None:
    """Show refused requests, warnings and failures, as ``text`` or ``json``."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if log_format == "json" else LineFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("flowproof.mock").setLevel(logging.INFO)


class LineFormatter(logging.Formatter):
    """One line a record, whatever a client sent, wrapped on a terminal; a failure of ours keeps its traceback."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's name)
        text = "".join(each if each.isprintable() else repr(each)[1:-1] for each in record.getMessage())
        text = text if record.levelno < logging.WARNING else f"{record.levelname.lower()}: {text}"
        return click.wrap_text(text, terminal.width(), subsequent_indent="  ") if sys.stderr.isatty() else text


class JsonFormatter(logging.Formatter):
    """One JSON object a record: ``time`` (ISO 8601, UTC), ``level``, ``logger``, ``message``, perhaps ``traceback``."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)
