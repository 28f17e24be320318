"""Whether a provider refused a request for the reason for which our mock refuses it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from flowproof.exchange import Exchange
from flowproof.kernel.http.response import WireResponse
from flowproof.kernel.refusals import Refusal

__all__ = ["Likeness", "compare_refusals"]


@dataclass(frozen=True, slots=True)
class Likeness:
    """
    A refusal of the mock that resembles the provider's.

    Args:
        text: For a person.
        requirement: Id of the violated requirement, where status and words are the same; else None.
    """

    text: str
    requirement: str | None


def compare_refusals(refusal: Refusal, answer: WireResponse, exchange: Exchange) -> Likeness | None:
    """
    Compare the mock's refusal with the provider's.

    The mock does not know the provider's state: a token that the provider has issued is unknown to it. So the same
    status alone is a hint, and only the same sentence beside it makes the reason certain enough to be cited.

    Args:
        refusal: Of the mock.
        answer: The mock's response.
        exchange: The request with the provider's response.

    Returns:
        None where the statuses differ.
    """
    if answer.status != exchange.status:
        return None
    cited = answer.requirement or next((each.requirement for each in refusal.findings if each.requirement), None)
    is_same = bool(_sentences(answer.body) & _sentences(exchange.response_body))
    words = "in the same words" if is_same else "with the same status, in other words"
    note = refusal.note() if callable(refusal.note) else refusal.note
    text = f"Our mock refuses the same request {words}: {refusal}." + (f"\n{note}" if note else "")
    return Likeness(text, cited if is_same else None)


def _sentences(body: bytes) -> frozenset[str]:
    """The texts of a JSON body that are more than a word."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return frozenset()
    return frozenset(text for text in _texts(value) if " " in text.strip())


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
