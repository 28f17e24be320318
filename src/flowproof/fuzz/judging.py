"""
What is wrong in an exchange, whatever the request was: four rules of ours, and the requirements of the contract.

What the contract says of the answer, and whether it takes the request, is one check for every command.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from flowproof.conformance import Contract, check
from flowproof.conformance.check import check_sent_request
from flowproof.conformance.finding import Finding as Difference
from flowproof.exchange import Exchange, header

__all__ = ["ANSWERED", "CONTRACT", "INTERNALS", "REFUSED", "RULES", "SERVER_ERROR", "Fault", "judge"]

CONTRACT = "fuzz.answers_keep_the_contract"
SERVER_ERROR = "fuzz.no_server_error"
INTERNALS = "fuzz.no_internals_shown"
REFUSED = "fuzz.invalid_requests_are_refused"
ANSWERED = "fuzz.every_request_is_answered"

RULES = {
    CONTRACT: ("Every answer has a status, a media type and a body that the contract describes.", "the contract"),
    SERVER_ERROR: (
        "No request makes the server fail: what it cannot serve, it refuses with 4XX.",
        "RFC 9110, section 15.6",
    ),
    INTERNALS: ("No answer shows the server's internals: no traceback, no statement of a database.", "CWE-209"),
    REFUSED: ("A request that the contract does not allow is refused.", "the contract"),
    ANSWERED: ("Every request gets a whole answer.", "RFC 9110, section 3.4"),
}
"""Text and source by id."""

TRACES = re.compile(
    rb"Traceback \(most recent call last\)|^\s+File \"[^\"]+\", line \d+"  # Python
    rb"|^\s+at [\w$.<>]+ ?\([^()\n]*:\d+(?::\d+)?\)"  # Java, JavaScript
    rb"|^goroutine \d+ \[|panic: runtime error"  # Go
    rb"|Stack trace:\s*(?:<br ?/>)?\s*#0 |Fatal error: Uncaught"  # PHP
    rb"|Werkzeug Debugger|System\.\w+Exception: |SQLSTATE\[|ORA-\d{5}|sqlite3\.\w+Error|psycopg2\.",
    re.MULTILINE,
)
MOST_SHOWN = 120
REFUSALS = frozenset({"400", "422", "4XX", "default"})


@dataclass(frozen=True, slots=True)
class Fault:
    """
    One thing that is wrong.

    Args:
        rule: Id of a rule of ours, or of the requirement that the contract names.
        text: What, in a sentence.
        kind: Tells it from others of the same operation; does not depend on values.
    """

    rule: str
    text: str
    kind: tuple[str, ...]


def judge(contract: Contract, exchange: Exchange) -> Iterator[Fault]:
    """What is wrong in an exchange, the worst first."""
    if found := TRACES.search(exchange.response_body):
        shown = found[0].decode(errors="replace").strip()[:MOST_SHOWN]
        yield Fault(INTERNALS, f"The answer {exchange.status} shows {shown!r}.", (INTERNALS,))
    if exchange.status >= 500 and not _is_busy(exchange):
        yield Fault(SERVER_ERROR, f"The server answers {exchange.status}.", (SERVER_ERROR, str(exchange.status)))
    for each in check(contract, exchange):
        if each.keyword == "status" and _is_undescribed_refusal(contract, exchange):
            continue
        rule = CONTRACT if each.where.startswith("response") else REFUSED
        said = "" if rule == CONTRACT else f"The server answers {exchange.status} to an invalid request: "
        yield Fault(each.requirement or rule, f"{said}{each}.", (rule, *_kind(each, exchange.status)))


def _kind(difference: Difference, status: int) -> tuple[str, ...]:
    names = (name for name in difference.pointer.split("/") if not name.isdecimal())
    of_status = (str(status),) if difference.where.startswith("response") else ()
    return difference.where, "/".join(names), difference.keyword, *of_status


def _is_undescribed_refusal(contract: Contract, exchange: Exchange) -> bool:
    """Whether an invalid request is refused for which the contract describes no refusal at all: how, is then open."""
    match = contract.operations.find(exchange.method, exchange.path)
    if match is None or exchange.status not in (400, 422) or not REFUSALS.isdisjoint(match.operation.responses):
        return False
    return bool(check_sent_request(contract, match, exchange))


def _is_busy(exchange: Exchange) -> bool:
    """Whether a server says that it cannot serve anybody for a while."""
    return exchange.status == 503 and header(exchange.response_headers, "retry-after") is not None
