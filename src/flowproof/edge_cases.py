"""
Texts, places and sizes at which providers go wrong, for the suite of any provider. Knows none.

The second entry and the tenth, a page's edge, composed and decomposed Unicode, blanks around a text, its letter case:
what a program takes for the same, though a document does not. A suite uses them where its provider compares a text,
keeps a text, or goes through a list::

    @pytest.mark.parametrize("change", near_misses("kitchen-42"))
    def test_another_name_is_another_store(change): ...
"""

import unicodedata
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

__all__ = [
    "CHANGES",
    "COMPOSED",
    "DECOMPOSED",
    "EACH_TIME",
    "PLACES",
    "UNUSUAL",
    "near_misses",
    "page_sizes",
    "repeat_refusals",
    "unusual_texts",
]

COMPOSED, DECOMPOSED = "Andr\N{LATIN SMALL LETTER E WITH ACUTE}", "Andre\N{COMBINING ACUTE ACCENT}"
"""One word in the two forms of Unicode (UAX 15): different texts that look the same."""

PLACES = (0, 1, 9)
"""Indexes of the first entry of a list, the second, and the tenth, whose number has a digit more."""

LIMITED = 429  # too many requests, whatever they ask
EACH_TIME = ("first", "second")
"""How often what is refused is sent, since a provider may be right the first time alone: `for _ in EACH_TIME`."""

CHANGES: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "other letter case": str.swapcase,
        "a blank before": " {}".format,
        "a blank behind": "{} ".format,
        "a line break behind": "{}\n".format,
        "a no-break space behind": "{}\N{NO-BREAK SPACE}".format,
        "composed": lambda text: unicodedata.normalize("NFC", text),
        "decomposed": lambda text: unicodedata.normalize("NFD", text),
        "cut off": lambda text: text[:-1],
        "one more": "{}0".format,
    }
)
"""What makes another text of one that looks much like it, by name."""

UNUSUAL: Mapping[str, str] = MappingProxyType(
    {
        "composed": COMPOSED,
        "decomposed": DECOMPOSED,
        "blanks around": "  two  blanks  ",
        "capitals": "MiXeD Case",
        "sharp s": "Stra\N{LATIN SMALL LETTER SHARP S}e",
        "ligature": "\N{LATIN SMALL LIGATURE FI}t",
        "beyond 16 bits": "seedling \N{SEEDLING}",
        "right to left": "\N{HEBREW LETTER SHIN}\N{HEBREW LETTER LAMED}",
        "reserved": "50% a/b?c=d&e#f+g;h",
        "a number": "0012.50",
    }
)
"""Texts that come back changed where they are not kept as they are, by name."""


def near_misses(text: str, *names: str) -> Mapping[str, str]:
    """
    Other texts that look much like one.

    Args:
        text: To be missed.
        names: Which of :data:`CHANGES`; all by default.

    Returns:
        By the name of the change; without those that change nothing.
    """
    made = {name: CHANGES[name](text) for name in names or CHANGES}
    return MappingProxyType({name: each for name, each in made.items() if each not in ("", text)})


def page_sizes(entries: int) -> tuple[int, ...]:
    """The sizes of a page at which the last one changes: of one entry, just not full, just full, with room for more."""
    half = -(-entries // 2)
    return tuple(sorted({each for each in (1, half, entries - 1, entries, entries + 1) if each > 0}))


def repeat_refusals(session: Any) -> None:
    """
    Have a session send each request once more that is refused with 4XX: a rule that holds the first time alone is none.

    For an autouse fixture of a suite. The second answer is checked by the contract, too, and has to have the status of
    the first, unless one of them is 429: too many requests are another reason.

    Args:
        session: Of `requests`. From then on its requests raise AssertionError where the second answer differs.
    """

    def send_again(answer: Any, **settings: Any) -> None:
        if not 400 <= answer.status_code < 500 or answer.status_code == LIMITED:
            return
        request = answer.request.copy()
        request.hooks = {"response": []}  # (the second answer is not sent again)
        second = session.send(request, allow_redirects=False, **settings).status_code
        if second not in (answer.status_code, LIMITED):
            raise AssertionError(f"refused with {answer.status_code}, then {second}")

    session.hooks["response"].append(send_again)


def unusual_texts(*, min_size: int = 1, max_size: int = 40) -> SearchStrategy[str]:
    """Texts that JSON can carry, many of them with what :data:`UNUSUAL` has."""
    known = st.sampled_from([each for each in UNUSUAL.values() if min_size <= len(each) <= max_size])
    changed = st.builds(
        lambda text, change: CHANGES[change](text)[:max_size] or text, known, st.sampled_from([*CHANGES])
    )
    return known | changed | st.text(st.characters(codec="utf-8"), min_size=min_size, max_size=max_size)
