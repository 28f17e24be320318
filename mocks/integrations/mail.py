"""The recipient and text of an e-mail. Sends nothing."""

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["LONGEST_SUBJECT", "address_of", "fill"]

LONGEST_ADDRESS = 254  # RFC 5321, 4.5.3.1.3
LONGEST_SUBJECT = 998  # characters of a line (RFC 5322, 2.1.1)

ADDRESS = re.compile(r"[!-~]+@[!-~]+", re.ASCII)
UNFIT = frozenset('<>,;:"()[]\\')


def address_of(recipient: str, entity: Mapping[str, Any]) -> str | None:
    """
    The e-mail address of a recipient, or of the entity's member of that name, or None.

    A shipment has its customer's address in ``customer.email``; a customer is its own and has ``email``.
    """
    if "@" in recipient:
        return _usable(recipient)
    named = entity.get(recipient)
    found = named.get("email") if isinstance(named, Mapping) else None
    return _usable(found if found is not None else entity.get("email"))


def _usable(address: Any) -> str | None:
    if not isinstance(address, str) or len(address) > LONGEST_ADDRESS or address.count("@") != 1:
        return None
    return address if ADDRESS.fullmatch(address) and not UNFIT & set(address) else None


def fill(text: str, entity: Mapping[str, Any]) -> str:
    """A template with each ``{name}`` replaced by the entity's text or number of that name; others stay."""

    def value(found: re.Match[str]) -> str:
        member = entity.get(found[1])
        return str(member) if isinstance(member, str | int | float) else found[0]

    return re.sub(r"\{(\w+)\}", value, text)
