"""
Takes out of a run's events what nobody else may see, before they are written. Pure: reads and writes no file.

Three things go: the secrets that are known, in every spelling; what the target issued, such as an access token, from
where it first showed; and what stands behind a telling name (a password, an e-mail address) or looks like it. A mark
such as `[redacted:ACCESS_TOKEN]` stays in its place. To redact twice is to redact once.
"""

import base64
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import unquote_plus

from msgspec import structs

from flowproof.target import Site

from .events import (
    Body,
    CleanedUp,
    Created,
    Event,
    Exchanged,
    FindingRecord,
    Message,
    Planned,
    Recognised,
    Request,
    RunStarted,
    TestFinished,
)
from .members import redacted_members
from .sensitive import hidden_as, is_secret_name, is_shown_header, variable
from .words import Words, mark

__all__ = ["MARK", "Redactor", "Secret", "body_of", "secrets_of"]

MARK = re.compile(r"\[redacted:([A-Z0-9_]+)\]")
FORM = "application/x-www-form-urlencoded"
SHORTEST_LEARNT = 8
MOST_LEARNT = 50_000  # spellings; a property makes very many persons up
LONGEST_BODY = 16_384
HARMLESS_PARTS = frozenset({"access", "environment", "kind", "role", "scope", "scopes"})
SCHEMES = frozenset({"basic", "bearer", "digest", "hmac", "token"})

SEVERAL_WORDS = re.compile(r"\w \w*[^\W\d]{3}")  # "Ada Obi", "17 Marina"; a single word may be anything
USERINFO = re.compile(r"(?<=://)[^/\s@\"'<>]{1,512}@")
LOOKS = (
    ("EMAIL", re.compile(r"(?<![\w.%+-])[\w.%+-]{1,64}?(?:@|%40)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")),
    ("PHONE", re.compile(r"(?<![\w+])\+\d[\d ().-]{6,17}\d(?!\w)")),
    ("JWT", re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*")),
    (
        "PRIVATE_KEY",
        re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
    ),
)
PRESENTED = re.compile(r"\b(bearer|basic)(\s+)([\w.~+/=-]{8,})", re.IGNORECASE)
# A name with its value in any text: a Python repr, JSON, a URL, a line of a log.
NAMED = re.compile(
    r"""(?<![\w-])(["']?)(?P<name>[A-Za-z][\w-]{1,40})\1(?P<sign>\s*[:=]\s*)"""
    r"""(?:"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>(?:[^'\\]|\\.)*)'|(?P<bare>[^\s&"'<>,;(){}\[\]]+))"""
)

AnyMessage = TypeVar("AnyMessage", bound=Message)


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that must not be shown, and the name that is shown for it, such as ``ONEFLOW_SECRET``."""

    name: str
    value: str

    def __repr__(self) -> str:
        return f"Secret({self.name!r})"


def secrets_of(site: Site) -> tuple[Secret, ...]:
    """Every part of a site's credentials, except for addresses and what says only what they are for."""
    found = []
    for role, keys in site.keys.items():
        stem = site.provider if role == "default" else f"{site.provider}_{role}"
        found.append(Secret(variable(f"{stem}_key"), keys.key))
        found += [
            Secret(variable(f"{stem}_{name}"), value)
            for name, value in keys.values.items()
            if isinstance(value, str) and name not in HARMLESS_PARTS and not name.endswith(("_uri", "_url"))
        ]
    return tuple(found)


def body_of(data: bytes, *, most: int = LONGEST_BODY) -> Body:
    """A body as an event keeps it, cut where it is longer than ``most`` bytes."""
    cut = data[:most]
    truncated = len(data) > most
    try:
        text = cut.decode("utf-8", "strict")
    except UnicodeDecodeError as error:
        if not truncated or error.start < len(cut) - 3:
            return Body(len(data), base64=base64.b64encode(cut).decode(), truncated=truncated)
        text = cut[: error.start].decode()
    return Body(len(data), text=text, truncated=truncated)


class Redactor:
    """
    What may be shown of one run. It learns: what the target issues is hidden in every later event.

    Args:
        secrets: Those that are known before the run begins: ``secrets_of(site)``.
        fields: Names of secret parameters and members, beside those that are known everywhere.
    """

    def __init__(self, secrets: Iterable[Secret], fields: Collection[str] = ()) -> None:
        self._fields = frozenset(fields)
        self._known, self._learnt = Words(), Words(MOST_LEARNT)
        for each in secrets:
            self._known.add(each.name, each.value)

    def event(self, event: Event) -> Event:
        """An event as it may be written."""
        match event:
            case RunStarted():
                return self._started(event)
            case Planned():
                return structs.replace(event, test=self.name(event.test), sentence=self.name(event.sentence))
            case Exchanged():
                return self._exchanged(event)
            case TestFinished():
                why, details = self.text(event.why), self.text(event.details)
                return structs.replace(event, test=self.name(event.test), why=why, details=details)
            case Created():
                what, spent = self.text(event.what), self.text(event.spent)
                return structs.replace(event, test=self.name(event.test), what=what, spent=spent)
            case CleanedUp():
                return structs.replace(event, how=self.text(event.how))
            case Recognised():
                return structs.replace(event, how=self.text(event.how))
        return structs.replace(event, coverage=self._coverage(event.coverage))

    def text(self, text: str) -> str:
        """Any text: what a test said, an exception, an address."""
        return self._cleaned(_writable(text))

    def name(self, text: str) -> str:
        """A test's name or sentence: the same in every event, whatever has been learnt."""
        return self._outside_marks(_writable(text), lambda part: self._spoken(self._known.taken_out(part)))

    def _cleaned(self, text: str) -> str:
        return self._outside_marks(text, lambda part: self._spoken(self._without_words(part)))

    def _started(self, event: RunStarted) -> RunStarted:
        target = event.target
        address = USERINFO.sub("", target.url.partition("#")[0].partition("?")[0])
        return structs.replace(
            event,
            selection=self.name(event.selection),
            target=structs.replace(target, name=self.name(target.name), url=self.name(address)),
            versions={name: self.name(version) for name, version in event.versions.items()},
            permissions=tuple(map(self.name, event.permissions)),
        )

    def _coverage(self, coverage: Mapping[str, Mapping[str, Iterable[str]]]) -> dict[str, dict[str, list[str]]]:
        return {
            kind: {self.name(what): [self.name(test) for test in tests] for what, tests in found.items()}
            for kind, found in coverage.items()
        }

    def _exchanged(self, event: Exchanged) -> Exchanged:
        self._learn(event)
        return structs.replace(
            event,
            test=self.name(event.test),
            request=self._request(event.request),
            response=self._message(event.response),
            findings=tuple(map(self._finding, event.findings)),
        )

    def _request(self, request: Request) -> Request:
        return structs.replace(
            self._message(request),
            url=self._address(request.url),
            path=self.text(request.path),
            query=self._pairs(request.query),
        )

    def _message(self, message: AnyMessage) -> AnyMessage:
        headers = tuple((self.text(name), self._header(name, value)) for name, value in message.headers)
        body = self._body(message.body, _content_type(message))
        return structs.replace(message, headers=headers, body=body)

    def _header(self, name: str, value: str) -> str:
        if name.lower() == "location":
            return self._address(value)
        if is_shown_header(name):
            return self.text(value)
        scheme, blank, rest = value.partition(" ")
        if blank and scheme.lower() in SCHEMES and rest.strip():
            return f"{scheme} {mark(variable(name))}"
        return mark(variable(name)) if value else value

    def _address(self, address: str) -> str:
        place, hash_sign, fragment = address.partition("#")
        path, question_mark, query = place.partition("?")
        shown = f"{self.text(USERINFO.sub('', path))}{question_mark}{self._pairs(query)}"
        return f"{shown}{hash_sign}{self._pairs(fragment)}"

    def _pairs(self, pairs: str) -> str:
        return "&".join(map(self._pair, pairs.split("&")))

    def _pair(self, pair: str) -> str:
        name, equals, value = pair.partition("=")
        if not equals or not value or MARK.fullmatch(value):
            return self.text(pair)
        plain, meant = unquote_plus(name), unquote_plus(value)
        hidden = mark("CODE") if plain == "code" else self._hidden([plain], meant)
        return f"{self.text(name)}={hidden or self.text(value)}"

    def _hidden(self, names: Sequence[str], value: str) -> str | None:
        """The mark for a value that must not be shown, or None where it may be."""
        word = self._known.name_of(value) or hidden_as(names, value, self._fields)
        return mark(word) if word else None

    def _body(self, body: Body, content_type: str) -> Body:
        if body.base64 is not None:
            read = base64.b64decode(body.base64).decode("utf-8", "surrogateescape")
            data = self._cut(self._cleaned(read), body).encode("utf-8", "surrogateescape")
            return structs.replace(body, base64=base64.b64encode(data).decode())
        if body.text is None:
            return body
        shown = self._pairs(body.text) if content_type == FORM else self._readable(body.text, content_type)
        return structs.replace(body, text=self._cut(shown, body))

    def _member(self, names: list[str], value: str) -> str | None:
        """What stands in a JSON text instead of a value, or None where it stays; that may be a text of JSON itself."""
        if MARK.fullmatch(value):
            return None
        shown = self._hidden(names, value) or self._readable(value)
        return None if shown == value else shown

    def _readable(self, text: str, content_type: str = "") -> str:
        if not _is_json(text, content_type):
            return self.text(text)
        return self._outside_marks(redacted_members(text, self._member), self._without_known)

    def _cut(self, text: str, body: Body) -> str:
        """A text that was cut off, without the beginning of a secret at its end."""
        if not body.truncated:
            return text
        return self._learnt.without_beginning(self._known.without_beginning(text))

    def _finding(self, finding: FindingRecord) -> FindingRecord:
        steps = [each.replace("~1", "/").replace("~0", "~") for each in finding.pointer.split("/")[1:]]
        word = hidden_as(steps, finding.got, self._fields) if steps else None
        if finding.where.endswith(".headers") and steps and not is_shown_header(steps[-1]):
            word = variable(steps[-1])
        got = self.text(finding.got) if word is None or MARK.fullmatch(finding.got) else mark(word)
        return structs.replace(
            finding, pointer=self.text(finding.pointer), expected=self.text(finding.expected), got=got
        )

    def _learn(self, event: Exchanged) -> None:
        """Remember what the target has issued, and the names and addresses of persons, for all later events."""
        issued = [*self._persons(event.request.body.text), *self._persons(event.response.body.text)]
        issued += self._members_issued(event.response.body.text)
        for name, value in event.response.headers:
            if name.lower() == "location":
                pairs = (each.partition("=") for each in re.split("[?#&]", value))
                issued += [("CODE", unquote_plus(found)) for key, _, found in pairs if key == "code" and found]
            elif name.lower() == "set-cookie":
                issued.append(("COOKIE", value.partition(";")[0].partition("=")[2]))
        for name, value in issued:
            if len(value) >= SHORTEST_LEARNT and not MARK.search(value):
                self._learnt.add(name, value)

    def _members_issued(self, text: str | None) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []

        def look(names: list[str], value: str) -> None:
            if any(is_secret_name(each, self._fields) for each in names):
                found.append((hidden_as(names, value, self._fields) or "SECRET", value))

        redacted_members(text or "", look)
        return found

    def _persons(self, text: str | None) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []

        def look(names: list[str], value: str) -> None:
            word = hidden_as(names, value, self._fields)
            if word and SEVERAL_WORDS.search(value):
                found.append((word, value))

        redacted_members(text or "", look)
        return found

    def _outside_marks(self, text: str, clean: Callable[[str], str]) -> str:
        pieces, kept = [], 0
        for found in MARK.finditer(text):
            pieces += [clean(text[kept : found.start()]), found[0]]
            kept = found.end()
        return "".join([*pieces, clean(text[kept:])])

    def _spoken(self, text: str) -> str:
        named = NAMED.sub(self._named, _looked(text))
        return PRESENTED.sub(lambda found: f"{found[1]}{found[2]}{mark('AUTHORIZATION')}", named)

    def _without_known(self, text: str) -> str:
        return _looked(self._without_words(text))

    def _without_words(self, text: str) -> str:
        return self._learnt.taken_out(self._known.taken_out(text))

    def _named(self, found: re.Match[str]) -> str:
        value = found["double"] or found["single"] or found["bare"]
        if not value or MARK.search(value):
            return found[0]
        hidden = self._hidden([found["name"]], value)
        prose = found["bare"] is not None and "=" not in found["sign"]
        if hidden is None or value in {"None", "null", "True", "False"} or (prose and not any(map(str.isdigit, value))):
            return found[0]
        quote = '"' if found["double"] else "'" if found["single"] else ""
        head = found[0][: found.start("sign") - found.start()]
        return f"{head}{found['sign']}{quote}{hidden}{quote}"


def _writable(text: str) -> str:
    """A text without halves of surrogate pairs, which no file can hold."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def _looked(text: str) -> str:
    """A text without what shows by its form what it is."""
    text = USERINFO.sub("", text)
    for name, form in LOOKS:
        text = form.sub(mark(name), text)
    return text


def _content_type(message: Message) -> str:
    named: Iterator[str] = (value for name, value in message.headers if name.lower() == "content-type")
    return next(named, "").partition(";")[0].strip().lower()


def _is_json(text: str, content_type: Any) -> bool:
    return "json" in content_type or text.lstrip()[:1] in {"{", "["}
