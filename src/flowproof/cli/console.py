"""What a running server writes to stderr: a line for each refused request, and its own failures."""

import logging
import sys

import click

from . import terminal

__all__ = ["log_to_stderr"]


def log_to_stderr() -> None:
    """Show refused requests, warnings and failures."""
    handler = logging.StreamHandler()
    handler.setFormatter(LineFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("flowproof.mock").setLevel(logging.INFO)


class LineFormatter(logging.Formatter):
    """One line a record, whatever a client sent, wrapped on a terminal; a failure of ours keeps its traceback."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's name)
        text = "".join(each if each.isprintable() else repr(each)[1:-1] for each in record.getMessage())
        text = text if record.levelno < logging.WARNING else f"{record.levelname.lower()}: {text}"
        return click.wrap_text(text, terminal.width(), subsequent_indent="  ") if sys.stderr.isatty() else text
