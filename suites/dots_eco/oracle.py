"""The suite's own oracle for requests for a card: the expected answer, computed without any mock's code."""

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
    The expected status and body of a request with the default token; no body where a card is expected.

    Args:
        body: Any JSON value.
        today: The provider's day.
    """
    parameters = {name: value for name, value in body.items() if value is not None} if isinstance(body, dict) else {}
    app_token = parameters.get("app_token")
    if app_token == FOREIGN:
        return 403, NOT_A_MANAGER
    if app_token == CLOSED:
        return 403, NO_PURCHASE
    errors = {name: [message] for name, message in _messages(parameters, today).items() if message is not None}
    return (422, {"success": False, "errors": errors}) if errors else (200, None)


def _messages(parameters: Mapping[str, Any], today: Day) -> dict[str, str | None]:
    return {
        "app_token": _of_known(parameters, "app_token", set(OFFERED)),
        "sku": _of_known(parameters, "sku", _offered_to(parameters.get("app_token"))),
        "expiration_date": _of_date(parameters, today),
        "recipient_email": _of(parameters, "recipient_email", VALID_ADDRESSES),
        **{name: _of_text(parameters, name) for name in ("recipient_name", "from", "message")},
    }


def _offered_to(app_token: Any) -> set[str]:
    return OFFERED.get(app_token, ALL_SKUS) if isinstance(app_token, str) else ALL_SKUS


def _of_known(parameters: Mapping[str, Any], name: str, known: set[str]) -> str | None:
    if parameters.get(name, "") == "":
        return f"The {name} is required."
    return None if isinstance(parameters[name], str) and parameters[name] in known else f"The {name} is invalid."


def _of_date(parameters: Mapping[str, Any], today: Day) -> str | None:
    if "expiration_date" not in parameters:
        return None
    text = parameters["expiration_date"]
    return expected_message(text if isinstance(text, str) else "", today)


def _of(parameters: Mapping[str, Any], name: str, right: frozenset[str]) -> str | None:
    if name not in parameters or (isinstance(parameters[name], str) and parameters[name] in right):
        return None
    return f"The {name} is invalid."


def _of_text(parameters: Mapping[str, Any], name: str) -> str | None:
    return None if isinstance(parameters.get(name, ""), str) else f"The {name} is invalid."
