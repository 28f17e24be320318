"""The adversary: what goes wrong with a workspace's webhooks on purpose."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from flowproof.errors import ConfigurationError
from flowproof.exchange import Headers

__all__ = ["Adversary"]


@dataclass(frozen=True, slots=True)
class Adversary:
    """
    What goes wrong. The default is an honest sender.

    Args:
        copies: How often each event is delivered.
        out_of_order_s: Every other event, beginning with the first, comes so many seconds late, and so after the next.
        late_s: Every event comes so many seconds late, signed at the time of delivery.
        old_timestamp_s: The signature is so many seconds old.
        signature: ``right``, ``wrong`` or ``missing``.
        unknown_event: Each event is followed by one that no document names.
        extra_field: JSON bodies have a field that no document names.
        connection: ``whole``, ``slow`` or ``cut`` on the first attempt of each delivery.
        after_success: Goes on with the retry schedule although the receiver has accepted.
    """

    copies: int = 1
    out_of_order_s: float = 0
    late_s: float = 0
    old_timestamp_s: float = 0
    signature: Literal["right", "wrong", "missing"] = "right"
    unknown_event: bool = False
    extra_field: bool = False
    connection: Literal["whole", "slow", "cut"] = "whole"
    after_success: bool = False

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Adversary":
        """
        Read fields of an adversary; values have been checked by the control API's document.

        Raises:
            ConfigurationError: A key is unknown.
        """
        known = {each.name for each in fields(cls)}
        if set(value) - known:
            unknown, all_known = sorted(set(value) - known), ", ".join(sorted(known))
            raise ConfigurationError(f"The adversary knows no {unknown}.", f"It knows {all_known}.")
        return cls(**value)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def changed(self) -> dict[str, Any]:
        """The fields that differ from an honest sender's."""
        honest = asdict(Adversary())
        return {key: value for key, value in asdict(self).items() if value != honest[key]}

    def delay_s(self, nth: int) -> float:
        """How late the nth event comes, counted from 1."""
        return self.late_s + (self.out_of_order_s if nth % 2 else 0)

    def falsified(self, headers: Headers, signature_headers: Collection[str]) -> Headers:
        """Headers of an attempt with the signature as the adversary wants it; names are in lower case."""
        if self.signature == "missing":
            return tuple(pair for pair in headers if pair[0].lower() not in signature_headers)
        if self.signature == "wrong":
            return tuple(
                (name, _wrong(value) if name.lower() in signature_headers else value) for name, value in headers
            )
        return headers


def _wrong(signature: str) -> str:
    """A signature of the same form whose last character but one differs; that one is never mere padding."""
    place = max(0, len(signature.rstrip("=")) - 2)
    return f"{signature[:place]}{'0' if signature[place : place + 1] != '0' else '1'}{signature[place + 1 :]}"
