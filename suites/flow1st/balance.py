"""An account that cannot pay: on a sandbox that is a missing precondition, and no deviation of the provider."""

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from .raw_client import ORDER

__all__ = ["skip_without_money"]

NO_MONEY = re.compile(r"balance|funds|insufficient", re.IGNORECASE)
"""No list of codes is published, so a refusal is read by the words that only a lack of money has."""


def skip_without_money(target: str, answer: requests.Response, *_: Any, **__: Any) -> None:
    """
    Skip the test where an order was refused for want of money; a hook of a `requests` session.

    Args:
        target: Name of the target, for the reason.
        answer: Any answer.
    """
    if answer.status_code != 400 or not urlsplit(answer.request.url or "").path.endswith(ORDER):
        return
    if NO_MONEY.search(answer.text):
        pytest.skip(f"precondition missing: the account's balance at {target} does not cover the order; top it up")
