"""What an observer or the code of a kit raises: a sentence in the log, and never a broken exchange."""

import logging
import traceback

from flowproof.errors import FlowproofError

from .observer import Answer, Request

__all__ = ["CannotForward", "described", "failed", "report"]

BAD_GATEWAY = 502
logger = logging.getLogger("flowproof.proxy")


class CannotForward(Exception):
    """A request cannot be sent on as its observer wants it; the message says why, for people."""


def described(error: BaseException) -> str:
    """An error in words that have no value of an exchange: its kind and where it was raised, or our own message."""
    if isinstance(error, FlowproofError):
        return str(error).rstrip(".")
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {frames[-1].name}, line {frames[-1].lineno} of {frames[-1].filename}" if frames else ""
    return f"{type(error).__name__}{where}"


def report(error: BaseException, what: str, request: Request, then: str) -> None:
    """
    Tell the log.

    Args:
        error: That was raised.
        what: What failed, as the beginning of a sentence.
        request: Of the exchange.
        then: What becomes of it, as a sentence.
    """
    logger.warning("%s of %s %s failed: %s. %s", what, request.method, request.path, described(error), then)


def failed(text: str, *notice: tuple[str, str]) -> Answer:
    """The response to a request that can neither be answered nor forwarded."""
    return Answer(BAD_GATEWAY, (("Content-Type", "text/plain; charset=utf-8"), *notice), f"{text}\n".encode())
