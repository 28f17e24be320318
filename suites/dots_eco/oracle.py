"""The suite's own opinion of a request for a card: what has to be answered, worked out without any mock's code."""

from collections.abc import Mapping
from typing import Any

from .calendar import Day, expected_message
from .raw_client import NO_PURCHASE, NOT_A_MANAGER
from .setup import CLOSED, FOREIGN, SEED, addresses

__all__ = ["expected_answer"]

VALID_ADDRESSES = frozenset(addresses(valid=True))
OFFERED = {
    each["app_token"]: {sku["sku"] for sku in SEED["skus"] if each["app_token"] in sku["applications"]}
    for each in SEED["applications"]
}
ALL_SKUS = set[str]().union(*OFFERED.values())


def expected_answer(body: Any, today: Day) -> tuple[int, Mapping[str, Any] | None]:
    """
    Status and body that a request has to be answered with, sent with the default token; no body for a card.

    Args:
        body: Any JSON value.
        today: The provider's day.
    """
    given = {name: value for name, value in body.items() if value is not None} if isinstance(body, dict) else {}
    app_token = given.get("app_token")
    if app_token == FOREIGN:
        return 403, NOT_A_MANAGER
    if app_token == CLOSED:
        return 403, NO_PURCHASE
    errors = {name: [said] for name, said in _messages(given, today).items() if said is not None}
    return (422, {"success": False, "errors": errors}) if errors else (200, None)


def _messages(given: Mapping[str, Any], today: Day) -> dict[str, str | None]:
    return {
        "app_token": _of_known(given, "app_token", set(OFFERED)),
        "sku": _of_known(given, "sku", _offered_to(given.get("app_token"))),
        "expiration_date": _of_date(given, today),
        "recipient_email": _of(given, "recipient_email", VALID_ADDRESSES),
        **{name: _of_text(given, name) for name in ("recipient_name", "from", "message")},
    }


def _offered_to(app_token: Any) -> set[str]:
    return OFFERED.get(app_token, ALL_SKUS) if isinstance(app_token, str) else ALL_SKUS


def _of_known(given: Mapping[str, Any], name: str, known: set[str]) -> str | None:
    if given.get(name, "") == "":
        return f"The {name} is required."
    return None if isinstance(given[name], str) and given[name] in known else f"The {name} is invalid."


def _of_date(given: Mapping[str, Any], today: Day) -> str | None:
    if "expiration_date" not in given:
        return None
    text = given["expiration_date"]
    return expected_message(text if isinstance(text, str) else "", today)


def _of(given: Mapping[str, Any], name: str, right: frozenset[str]) -> str | None:
    if name not in given or (isinstance(given[name], str) and given[name] in right):
        return None
    return f"The {name} is invalid."


def _of_text(given: Mapping[str, Any], name: str) -> str | None:
    return None if isinstance(given.get(name, ""), str) else f"The {name} is invalid."
