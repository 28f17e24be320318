"""Numbers with their nouns in sentences for people: "1 test", "2 tests"."""

__all__ = ["counted"]


def counted(number: int, noun: str, several: str = "") -> str:
    """
    A number with its noun.

    Args:
        number: How many.
        noun: For one of them; in a phrase the last word is the noun.
        several: For any other number; by default the noun with an s.
    """
    return f"{number} {noun if number == 1 else several or f'{noun}s'}"
