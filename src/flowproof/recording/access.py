"""With whose credentials a recorded request was sent, and with which it is sent again."""

import base64
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from flowproof.drift.folding import account_name
from flowproof.redaction.marks import REDACTED
from flowproof.redaction.sensitive_names import looks_issued

from .binding import SHORTEST_INSIDE, Bindings
from .exchanges import Accounts, RecordedExchange
from .placeholders import Placeholders
from .volatile import is_lost

__all__ = ["Access", "account_names"]

UNAUTHORIZED, FORBIDDEN = 401, 403
NAMED = r"\{[a-z_][a-z0-9_]*\}"
NAMES = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
COOKIES = re.compile(rf"[^=;,\s]+={NAMED}(?:; *[^=;,\s]+={NAMED})*")
WHOLE = re.compile(rf"(?:[A-Za-z]+\s+)?{NAMED}(?::{NAMED})?")
WRONG = "wrong"
DEFAULT = "default"
STRANGER = ""  # the role of credentials that no account of the recording has: they were made meanwhile
MADE_MEANWHILE = "its request is signed with credentials that were made meanwhile"


def account_names(accounts: Accounts, slug: str) -> Mapping[str, tuple[str, str]]:
    """The name of each credential of a provider, and its role, by its value; what is a mere word names nobody."""
    return {
        str(value): (account_name(role, part), role)
        for role, parts in accounts.get(slug, {}).items()
        for part, value in parts.items()
        if len(str(value)) >= SHORTEST_INSIDE and (part == "key" or looks_issued(str(value)) or "://" in str(value))
    }


@dataclass(slots=True)
class Access:
    """
    The credentials of one recording's requests.

    Args:
        bindings: Of its values; they name the credentials that are known, and tokens that answers have given.
        placeholders: Of its secrets.
        headers: Those that have credentials, in lower case.
        roles: The role of each credential that is known, by its value.
    """

    bindings: Bindings
    placeholders: Placeholders
    headers: Collection[str]
    roles: Mapping[str, str]
    _role_of_name: dict[str, str] = field(default_factory=dict)
    _has_cookies: bool = False

    def described(self, exchange: RecordedExchange, index: int) -> dict[str, Any]:
        """
        What a case's request says of credentials: `sign`, `role`, `without` and `headers`, each where it has to.

        It is `lost`, with the reason, where nobody can sign it again.

        Args:
            exchange: The request with its answer.
            index: Its place in the conversation.
        """
        sent = {name: value for name, value in exchange.request.headers if name.lower() in self.headers}
        sent = {name: value for name, value in sent.items() if value.strip() or name.lower() in exchange.refused_for}
        templates = {name: self._template(value, index) for name, value in sent.items()}
        role = self._role(templates, index)
        has_cookies, self._has_cookies = self._has_cookies, self._has_cookies or sets_cookies(exchange)
        if not sent:
            is_refused = exchange.status in {UNAUTHORIZED, FORBIDDEN} or bool(self.roles)
            return {"sign": False, **({"without": ["cookie"]} if has_cookies else {})} if is_refused else {}
        is_signed, headers = False, {}
        for name, template in templates.items():
            is_refused = exchange.status == UNAUTHORIZED or name.lower() in exchange.refused_for
            if is_whole(template):
                headers[name] = template
            elif is_refused:
                headers[name] = self._wrong(template, can_be_any=exchange.status != FORBIDDEN)
            else:
                is_signed = True
        if is_signed and role == STRANGER:
            return {"lost": MADE_MEANWHILE}
        missing = exchange.refused_for | ({"cookie"} if has_cookies else set())
        without = sorted(missing & set(self.headers) - {each.lower() for each in sent})
        found: dict[str, Any] = {} if is_signed else {"sign": False}
        if is_signed and role != DEFAULT:
            found["role"] = role
        if without and (is_signed or "cookie" in without):
            found["without"] = without
        return {**found, **({"headers": headers} if headers else {})}

    def learn(self, exchange: RecordedExchange, index: int, request: Mapping[str, Any]) -> None:
        """
        Remember whose token an answer has given.

        Args:
            exchange: The request with its answer.
            index: Its place in the conversation.
            request: As the case has it: it may name a token that is refreshed.
        """
        sent = {name: value for name, value in exchange.request.headers if name.lower() in self.headers}
        templates = {name: self._template(value, index) for name, value in sent.items()}
        role = self._role(templates, index)
        if role == DEFAULT:
            role = self._role_of(set(NAMES.findall(json.dumps(request))))
        if role == DEFAULT and self.roles and self._names_none(templates, index):
            role = STRANGER
        self._role_of_name |= dict.fromkeys(self.bindings.save(index), role)

    def _template(self, value: str, index: int) -> Any:
        """A header's value with names in the place of what is known; of HTTP Basic its user and password."""
        pair = of_basic(value)
        if pair is None:
            return self.bindings.inside(value, index)
        return {"$basic": self.bindings.inside(pair, index)}

    def _wrong(self, template: Any, *, can_be_any: bool) -> Any:
        """A value that was refused, in placeholders; one that is lost is as wrong as any other, where that counts."""
        if isinstance(template, dict):
            return {"$basic": self._wrong(template["$basic"], can_be_any=can_be_any)}
        if is_lost(template):
            return template.replace(REDACTED, WRONG) if can_be_any else template
        return self.placeholders.text(template)

    def _role(self, templates: Mapping[str, Any], index: int) -> str:
        named = _named(templates)
        for value, role in self.roles.items():
            if self.bindings.name_of(value, index) in named:
                return role
        return self._role_of(named)

    def _names_none(self, templates: Mapping[str, Any], index: int) -> bool:
        """Whether credentials are known by name, and none of them is an account's."""
        named = _named(templates)
        accounts = {self.bindings.name_of(value, index) for value in self.roles}
        return bool(named) and named.isdisjoint(accounts | self._role_of_name.keys())

    def _role_of(self, named: Collection[str]) -> str:
        return next((self._role_of_name[each] for each in sorted(named) if each in self._role_of_name), DEFAULT)


def _named(templates: Mapping[str, Any]) -> set[str]:
    """The names in the values of headers."""
    texts = [each["$basic"] if isinstance(each, dict) else each for each in templates.values()]
    return {name for text in texts for name in NAMES.findall(text)}


def sets_cookies(exchange: RecordedExchange) -> bool:
    return exchange.response.header("set-cookie") is not None


def is_whole(template: Any) -> bool:
    """Whether a header's value has nothing that is not known."""
    text = template["$basic"] if isinstance(template, dict) else template
    return (WHOLE.fullmatch(text) or COOKIES.fullmatch(text)) is not None


def of_basic(value: str) -> str | None:
    """User and password of HTTP Basic (RFC 7617); None where a header's value is of another kind."""
    scheme, _, rest = value.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(rest.strip(), validate=True).decode()
    except ValueError:  # (no base64, or no UTF-8)
        return None
