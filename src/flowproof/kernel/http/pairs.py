"""Names and values of queries and forms. Their number is bounded: a pair takes much longer to read than its bytes."""

from urllib.parse import parse_qsl

__all__ = ["MOST_PAIRS", "first_value", "read_pairs"]

MOST_PAIRS = 1000


def read_pairs(text: str, *, strict: bool = False) -> list[tuple[str, str]]:
    """
    The pairs of a query or form, in their order, blank values too.

    Args:
        text: As sent.
        strict: Refuse what is no pair, and what is not UTF-8.

    Raises:
        ValueError: There are more than 1,000 pairs, or ``strict`` refuses one.
    """
    errors = "strict" if strict else "replace"
    return parse_qsl(text, keep_blank_values=True, strict_parsing=strict, errors=errors, max_num_fields=MOST_PAIRS)


def first_value(text: str, name: str) -> str | None:
    """The first value of a name, or None where there is none, or where there are too many pairs to read."""
    try:
        return next((value for each, value in read_pairs(text) if each == name), None)
    except ValueError:
        return None
