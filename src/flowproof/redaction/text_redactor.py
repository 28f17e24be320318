"""Texts, headers, addresses and bodies of one run without secrets: known ones, sensitive names, and what it learns."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote_plus

from .bodies import redact_bytes
from .encodings import all_encodings
from .json_text import replace_values
from .known_secrets import SHORTEST_REST, SHORTEST_SECRET, KnownSecrets
from .marks import MARK, mark, outside_marks
from .parameters import is_form, media_type, pointer_steps, replace_in_address, replace_pairs
from .patterns import CREDENTIAL, NAMED_VALUE, redact_patterns, without_userinfo
from .sensitive_names import is_secret_name, is_shown_header, sensitive_name, variable

__all__ = ["Secret", "TextRedactor"]

MOST_LEARNT = 50_000  # encodings; a property makes very many persons up
SCHEMES = frozenset({"basic", "bearer", "digest", "hmac", "token"})
SEVERAL_WORDS = re.compile(r"\w \w*[^\W\d]{3}")  # "Ada Obi", "17 Marina"; a single word may be anything


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that must not be shown, and the name that is shown for it, such as ``ACME_SECRET``."""

    name: str
    value: str

    def __repr__(self) -> str:
        return f"Secret({self.name!r})"


class TextRedactor:
    """
    What may be shown of one run. What it learns is hidden in every later text. Redacting twice is redacting once.

    Args:
        secrets: Those that are known before the run begins.
        fields: Names of secret parameters and members, beside those that are known everywhere.
    """

    def __init__(self, secrets: Iterable[Secret], fields: Collection[str] = ()) -> None:
        self._fields = frozenset(fields)
        self._known = KnownSecrets(all_encodings)
        self._learnt = KnownSecrets(all_encodings, most=MOST_LEARNT)
        for each in secrets:
            if len(each.value) >= SHORTEST_REST:
                self._known.add(each.value, mark(each.name))

    def text(self, text: str) -> str:
        """Any text: a message of a test, an exception, an address."""
        return self._prose(_writable(text))

    def name(self, text: str) -> str:
        """A text that comes again, such as a test's name: the same each time, whatever has been learnt."""
        return outside_marks(_writable(text), lambda part: self._named_values(self._replace(part, self._known)))

    def given(self, text: str) -> str:
        """A text whose author wants it to be shown, such as a contact: only known secrets are hidden."""
        return outside_marks(_writable(text), lambda part: self._replace(part, self._known))

    def header(self, name: str, value: str) -> str:
        """The value of a header: of a harmless one, the address of a Location, the scheme of a credential."""
        if name.lower() == "location":
            return self.address(value)
        if is_shown_header(name):
            return self.text(value)
        scheme, blank, rest = value.partition(" ")
        if blank and scheme.lower() in SCHEMES and rest.strip():
            return f"{scheme} {mark(variable(name))}"
        return mark(variable(name)) if value else value

    def address(self, address: str) -> str:
        """An absolute or relative URL."""
        return replace_in_address(address, lambda place: self.text(without_userinfo(place)), self.parameters)

    def parameters(self, pairs: str) -> str:
        """A query or a form."""
        return replace_pairs(pairs, self._pair)

    def body(self, text: str, content_type: str | None, *, is_cut: bool) -> str:
        """The text of a body: a form, JSON or anything else."""
        shown = self.parameters(text) if is_form(content_type) else self._json_or_text(text, content_type)
        return self._without_cut_secret(shown) if is_cut else shown

    def body_bytes(self, data: bytes, *, is_cut: bool) -> bytes:
        """A body that is no text."""

        def shown(text: str) -> str:
            return self._without_cut_secret(self._prose(text)) if is_cut else self._prose(text)

        return redact_bytes(data, shown)

    def found(self, where: str, pointer: str, text: str) -> str:
        """What a finding shows of the value at a JSON pointer, or of a header."""
        steps = pointer_steps(pointer)
        name = sensitive_name(steps, text, self._fields)
        if where.endswith(".headers") and steps and not is_shown_header(steps[-1]):
            name = variable(steps[-1])
        return self.text(text) if name is None or MARK.fullmatch(text) else mark(name)

    def learn_request(self, body: str | None) -> None:
        """Hide the persons of a request in all later texts."""
        self._learn(self._sensitive_values(body, is_response=False))

    def learn_response(self, headers: Iterable[tuple[str, str]], body: str | None) -> None:
        """Hide the persons of a response in all later texts, and what it issues: tokens, codes, cookies."""
        self._learn(self._sensitive_values(body, is_response=True))
        for name, value in headers:
            if name.lower() == "location":
                pairs = (each.partition("=") for each in re.split("[?#&]", value))
                self._learn(("CODE", unquote_plus(code)) for key, _, code in pairs if key == "code")
            elif name.lower() == "set-cookie":
                self._learn([("COOKIE", value.partition(";")[0].partition("=")[2])])

    def _learn(self, found: Iterable[tuple[str, str]]) -> None:
        for name, value in found:
            if len(value) >= SHORTEST_SECRET and not MARK.search(value):
                self._learnt.add(value, mark(name))

    def _sensitive_values(self, text: str | None, *, is_response: bool) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []

        def collect(names: list[str], value: str) -> None:
            name = sensitive_name(names, value, self._fields)
            is_issued = is_response and any(is_secret_name(each, self._fields) for each in names)
            if name and (is_issued or SEVERAL_WORDS.search(value)):
                found.append((name, value))

        replace_values(text or "", collect)
        return found

    def _mark(self, names: Sequence[str], value: str) -> str | None:
        """The mark for a value that must not be shown, or None where it may be."""
        known = self._known.mark_of(value)
        name = None if known else sensitive_name(names, value, self._fields)
        return mark(name) if name else known

    def _pair(self, pair: str) -> str:
        name, equals, value = pair.partition("=")
        if not equals or not value or MARK.fullmatch(value):
            return self.text(pair)
        plain_name, plain_value = unquote_plus(name), unquote_plus(value)
        shown = mark("CODE") if plain_name == "code" else self._mark([plain_name], plain_value)
        return f"{self.text(name)}={shown or self.text(value)}"

    def _json_or_text(self, text: str, content_type: str | None = None) -> str:
        if "json" not in media_type(content_type) and text.lstrip()[:1] not in {"{", "["}:
            return self.text(text)
        return outside_marks(replace_values(text, self._value), lambda part: redact_patterns(self._secrets(part)))

    def _value(self, names: list[str], value: str) -> str | None:
        """What replaces a value in a JSON text, or None where it stays. The value may be a JSON text itself."""
        if MARK.fullmatch(value):
            return None
        shown = self._mark(names, value) or self._json_or_text(value)
        return None if shown == value else shown

    def _prose(self, text: str) -> str:
        return outside_marks(text, lambda part: self._named_values(self._secrets(part)))

    def _secrets(self, text: str) -> str:
        return self._replace(self._replace(text, self._known), self._learnt)

    def _replace(self, text: str, secrets: KnownSecrets) -> str:
        return secrets.redact_beside_dots(secrets.redact(text))

    def _without_cut_secret(self, text: str) -> str:
        return self._learnt.without_cut_secret(self._known.without_cut_secret(text))

    def _named_values(self, text: str) -> str:
        named = NAMED_VALUE.sub(self._named_value, redact_patterns(text))
        return CREDENTIAL.sub(lambda found: f"{found[1]}{found[2]}{mark('AUTHORIZATION')}", named)

    def _named_value(self, found: re.Match[str]) -> str:
        value = found["double"] or found["single"] or found["bare"]
        if not value or MARK.search(value):
            return found[0]
        shown = self._mark([found["name"]], value)
        is_prose = found["bare"] is not None and "=" not in found["sign"] and not any(map(str.isdigit, value))
        if shown is None or is_prose or value in {"None", "null", "True", "False"}:
            return found[0]
        quote = '"' if found["double"] else "'" if found["single"] else ""
        head = found[0][: found.start("sign") - found.start()]
        return f"{head}{found['sign']}{quote}{shown}{quote}"


def _writable(text: str) -> str:
    """A text without halves of surrogate pairs, which no file can hold."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()
