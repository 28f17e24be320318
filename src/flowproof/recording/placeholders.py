"""
Secrets and personal data of one recording, each replaced by a placeholder: the same value by the same placeholder.

A placeholder has the form of its value, letters for letters and digits for digits, so that it passes the same checks.
It is drawn from its number in the recording, not from the value, which nobody can therefore find out from it.
"""

import hashlib
import json
import re
import string
from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from flowproof.redaction.encodings import all_encodings
from flowproof.redaction.known_secrets import SHORTEST_REST, SHORTEST_SECRET, KnownSecrets
from flowproof.redaction.patterns import CREDENTIAL, NAMED_VALUE, PATTERNS, without_userinfo
from flowproof.redaction.sensitive_names import is_secret_name, is_shown_header, looks_issued, sensitive_name
from flowproof.redaction.text_redactor import SCHEMES, SEVERAL_WORDS

from .values import Leaf, changed
from .volatile import is_lost

__all__ = ["Placeholders"]

WORTH_NOTHING = frozenset({"code_verifier"})  # (RFC 7636: it is sent once, and has to fit the challenge before it)
DAY = re.compile(r"\d{4}-\d\d-\d\d")
FIRST_DAY = date(1970, 1, 1)
MOST_DAYS = 10_000
MOST_TRIES = 100
EMAIL = dict(PATTERNS)["EMAIL"]
LABEL = r"[^\W_](?:[\w-]*[^\W_])?"
ADDRESS = re.compile(
    rf"(?=.{{3,254}}$)(?=.{{1,64}}@)[\w%+-]+(?:\.[\w%+-]+)*@(?:{LABEL}\.)+[^\W\d_]{{2,}}"
)  # (what is none stays none)
RESERVED = re.compile(r"@([^@]*(?:invalid|localhost|local|onion))$", re.IGNORECASE)  # (what providers may refuse)
SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://")
URL = re.compile(r"://[^\s@/]*:[^\s@/]*@")


class Placeholders:
    """
    The placeholders of one recording. First it learns from every message, then it replaces.

    Args:
        fields: Further names of members and parameters whose values are secrets.
        kept: Names of those whose values are none, though their names say otherwise.
        public: Values that are none, whatever their names; or their SHA-256 in hex.
    """

    def __init__(
        self, fields: Collection[str] = (), kept: Collection[str] = (), public: frozenset[str] = frozenset()
    ) -> None:
        self._fields = frozenset(fields)
        self._kept = frozenset(kept) | WORTH_NOTHING
        self._public = public
        self._chosen: set[str] = set()
        self._by_value: dict[str, str] = {}
        self._placeholders: set[str] = set()
        self._inside = KnownSecrets(all_encodings)

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._placeholders)

    def is_placeholder(self, value: Any) -> bool:
        """Whether a value has taken another's place, here or in a journal."""
        text = str(value)
        return text in self._placeholders or is_lost(text)

    def is_sensitive(self, names: Sequence[str], value: Any) -> bool:
        """Whether a value is replaced for the names that lead to it."""
        return not isinstance(value, bool) and value is not None and self._sensitive(names, str(value))

    def learn(self, found: Iterable[Leaf]) -> None:
        """Find the secrets and personal data among values."""
        for each in found:
            text = "" if each.value is None or isinstance(each.value, bool) else str(each.value)
            inner = _nested(text)
            if inner is not None:
                changed(inner, lambda leaf: self.learn([leaf]), lambda name: name)
            elif text and self._sensitive(each.names, text):
                self._add(text, is_issued=any(is_secret_name(name, self._fields) for name in each.names))

    def learn_headers(self, headers: Iterable[tuple[str, str]], credentials: Collection[str]) -> None:
        """Find credentials in headers: of these names, in lower case, and of all that are not known as harmless."""
        for name, value in headers:
            lower = name.lower()
            if lower in {"cookie", "set-cookie"}:
                pairs = value.split(";") if lower == "cookie" else [value.partition(";")[0]]
                self._add_all(each.partition("=")[2].strip() for each in pairs)
            elif lower not in credentials and "://" in value:  # an address, such as a Referer: its query may have some
                self.learn(Leaf("", (name,), each) for name, each in parse_qsl(value.partition("?")[2]))
            elif lower in credentials or not (is_shown_header(name) or lower.startswith("sec-")):
                scheme, blank, rest = value.partition(" ")
                secret = rest.strip() if blank and scheme.lower() in SCHEMES else value
                self._add_all([secret, *secret.split(":")])

    def value(self, names: Sequence[str], value: Any) -> Any:
        """A leaf of JSON, or the value of a parameter; a number becomes a number of as many digits."""
        if value is None or isinstance(value, bool) or value == "":
            return value
        text = str(value)
        if not isinstance(value, str):
            is_known = len(text) >= SHORTEST_SECRET and text in self._by_value
            return self._number(value) if is_known or self._sensitive(names, text) else value
        if text in self._by_value and (len(text) >= SHORTEST_REST or self._sensitive(names, text)):
            return self._by_value[text]
        if self.is_placeholder(text):
            return text
        inner = _nested(text)
        if inner is not None:
            return json.dumps(self.json(inner), ensure_ascii=False)
        return self._add(text) if self._sensitive(names, text) else self.text(text)

    def json(self, value: Any) -> Any:
        """A JSON value with all its leaves and names."""
        return changed(value, lambda leaf: self.value(leaf.names, leaf.value), self.text)

    def text(self, text: str) -> str:
        """Any text, and what in it is known or has the form of a secret or of personal data."""
        text = self._inside.redact(without_userinfo(text) if URL.search(text) else text)
        for kind, pattern in PATTERNS:
            text = pattern.sub(lambda found, kind=kind: self._of_form(kind, found[0]), text)  # type: ignore[misc]
        text = CREDENTIAL.sub(lambda found: f"{found[1]}{found[2]}{self._kept_or_new(found[3])}", text)
        return NAMED_VALUE.sub(self._named, text)

    def _sensitive(self, names: Sequence[str], text: str) -> bool:
        if not self._fields.isdisjoint(names):
            self._chosen.add(text)
        is_kept = bool(names) and names[-1] in self._kept
        return not is_kept and sensitive_name(names, text, self._fields) is not None

    def _of_form(self, kind: str, text: str) -> str:
        if text in self._placeholders:
            return text
        plain = text.replace("%40", "@") if kind == "EMAIL" else text
        placeholder = self._add(plain)
        return placeholder.replace("@", "%40") if plain != text else placeholder

    def _named(self, found: re.Match[str]) -> str:
        """A name with its value in a text, such as `password=…` in a message or an address."""
        group = next(each for each in ("double", "single", "bare") if found[each] is not None)
        value = unquote_plus(found[group])
        is_prose = group == "bare" and "=" not in found["sign"] and not any(map(str.isdigit, value))
        if not value or is_prose or self.is_placeholder(value) or not self._sensitive([found["name"]], value):
            return found[0]
        start, end = found.start(group) - found.start(), found.end(group) - found.start()
        return f"{found[0][:start]}{self._add(value)}{found[0][end:]}"

    def _kept_or_new(self, text: str) -> str:
        return text if self.is_placeholder(text) else self._add(text)

    def _number(self, value: float) -> float:
        text = self._add(str(value))
        try:
            number: float = json.loads(text)
        except ValueError:
            return type(value)()
        return number

    def _add_all(self, texts: Iterable[str]) -> None:
        for each in texts:
            if len(each) >= SHORTEST_REST:
                self._add(each, is_issued=True)

    def _add(self, value: str, *, is_issued: bool = False) -> str:
        """The placeholder of a value; a value that nothing else can be mistaken for is found inside of texts too."""
        if value in self._by_value:
            return self._by_value[value]
        if self._is_public(value) or self.is_placeholder(value):
            return value
        placeholder = self._new(value)
        self._by_value[value] = placeholder
        self._placeholders.add(placeholder)
        is_long = len(value) >= SHORTEST_SECRET
        if (is_issued and is_long) or (is_long and looks_issued(value)) or SEVERAL_WORDS.search(value) or "@" in value:
            self._inside.add(value, placeholder)
        return placeholder

    def _is_public(self, value: str) -> bool:
        """Whether a value has been published, or its SHA-256: it is then one that a mock takes for right."""
        return value not in self._chosen and not self._public.isdisjoint(
            {value, hashlib.sha256(value.encode()).hexdigest()}
        )

    def _new(self, value: str) -> str:
        number = len(self._by_value) + 1
        if EMAIL.fullmatch(value) and ADDRESS.fullmatch(value):
            reserved = RESERVED.search(value)
            return f"person{number}@{reserved[1] if reserved else 'example.com'}"
        tries = (_of_same_form(value, f"{number}.{attempt}") for attempt in range(MOST_TRIES))
        taken = {value, *self._placeholders, *self._by_value}
        # (a value of one character has few others of its form)
        return next((each for each in tries if each not in taken), _of_same_form(value, str(number)))


def _nested(text: str) -> Any:
    """The JSON object or array in a text; None where it is none."""
    if text[:1] not in {"{", "["}:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _of_same_form(value: str, seed: str) -> str:
    """A text with other letters and digits, the same for a seed; a day becomes a day."""
    drawn = _numbers(seed, len(value))
    if DAY.fullmatch(value):
        return (FIRST_DAY + timedelta(days=sum(drawn[:4]) * 7 % MOST_DAYS)).isoformat()
    scheme = SCHEME.match(value)
    start = scheme.end() if scheme else 0  # (an address stays one)
    return value[:start] + "".join(_character(*each) for each in zip(value[start:], drawn[start:], strict=True))


def _character(character: str, number: int) -> str:
    """Another of its kind; no zero, with which a number must not begin."""
    if character.isdecimal():
        return string.digits[1 + number % 9]
    if not character.isalpha():
        return character
    is_hex = character in "abcdef"  # (an id in hexadecimal stays one)
    letters = "abcdef" if is_hex else string.ascii_lowercase
    letter = letters[number % len(letters)]
    return letter.upper() if character.isupper() else letter


def _numbers(seed: str, size: int) -> list[int]:
    """So many numbers from 0 to 255, the same for a seed."""
    return list(hashlib.shake_256(seed.encode()).digest(size))
