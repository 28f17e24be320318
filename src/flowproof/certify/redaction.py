"""Events of a run without what nobody else may see, before they are written. Pure: reads and writes no file."""

import base64
from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar

from msgspec import structs

from flowproof.redaction.bodies import shown_body
from flowproof.redaction.patterns import without_userinfo
from flowproof.redaction.sensitive_names import variable
from flowproof.redaction.text_redactor import Secret, TextRedactor
from flowproof.target import Site

from .events import (
    Body,
    CleanedUp,
    Created,
    Event,
    Exchanged,
    FindingRecord,
    Message,
    Operator,
    Planned,
    Recognised,
    Request,
    RunStarted,
    TestFinished,
)

__all__ = ["Redactor", "Secret", "body_of", "secrets_of"]

LONGEST_BODY = 16_384
HARMLESS_PARTS = frozenset({"access", "environment", "kind", "role", "scope", "scopes"})

AnyMessage = TypeVar("AnyMessage", bound=Message)


def secrets_of(site: Site) -> tuple[Secret, ...]:
    """Every part of a site's credentials, except for addresses and parts that say what the others are for."""
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
    shown = shown_body(data, most=most)
    return Body(len(data), text=shown.text, base64=shown.base64, truncated=shown.truncated)


class Redactor:
    """
    What may be shown of the events of one run. It learns: what the target issues is hidden in every later event.

    Args:
        secrets: Those that are known before the run begins: ``secrets_of(site)``.
        fields: Names of secret parameters and members, beside those that are known everywhere.
    """

    def __init__(self, secrets: Iterable[Secret], fields: Collection[str] = ()) -> None:
        self._redact = TextRedactor(secrets, fields)
        self.text = self._redact.text
        self.name = self._redact.name

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

    def _started(self, event: RunStarted) -> RunStarted:
        target = event.target
        address = without_userinfo(target.url.partition("#")[0].partition("?")[0])
        return structs.replace(
            event,
            selection=self.name(event.selection),
            suite_tests=tuple(map(self.name, event.suite_tests)),
            operator=Operator(
                **{name: self._redact.given(value) for name, value in structs.asdict(event.operator).items()}
            ),
            connection=structs.replace(
                event.connection,
                proxy=self.name(without_userinfo(event.connection.proxy)),
                authorities=self.name(event.connection.authorities),
            ),
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
        self._redact.learn_request(event.request.body.text)
        self._redact.learn_response(event.response.headers, event.response.body.text)
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
            url=self._redact.address(request.url),
            path=self.text(request.path),
            query=self._redact.parameters(request.query),
        )

    def _message(self, message: AnyMessage) -> AnyMessage:
        headers = tuple((self.text(name), self._redact.header(name, value)) for name, value in message.headers)
        content_type = next((value for name, value in message.headers if name.lower() == "content-type"), None)
        return structs.replace(message, headers=headers, body=self._body(message.body, content_type))

    def _body(self, body: Body, content_type: str | None) -> Body:
        if body.base64 is not None:
            data = self._redact.body_bytes(base64.b64decode(body.base64), is_cut=body.truncated)
            return structs.replace(body, base64=base64.b64encode(data).decode())
        if body.text is None:
            return body
        return structs.replace(body, text=self._redact.body(body.text, content_type, is_cut=body.truncated))

    def _finding(self, finding: FindingRecord) -> FindingRecord:
        return structs.replace(
            finding,
            pointer=self.text(finding.pointer),
            expected=self.text(finding.expected),
            got=self._redact.found(finding.where, finding.pointer, finding.got),
        )
