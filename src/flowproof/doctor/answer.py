"""Whether what answers at a base URL is an API of that provider, and whether its clock is ours. One request, no key."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import requests

from flowproof.conformance import Contract, Operation

from .address import TIMEOUT_S
from .check import Check, not_checked, ok, warning, wrong

__all__ = ["check_answer"]

NAMES = ("answer", "base URL", "content type", "clock")
OURS = "flowproof-exchange"
CLOSE, FAR = timedelta(seconds=5), timedelta(seconds=60)
PARAMETER, PLACEHOLDER = re.compile(r"\{[^{}]+\}"), "unknown"
DOWN = (502, 503, 504)


@dataclass(frozen=True, slots=True)
class Probe:
    """A request for a path, and its response, with the time half way between."""

    path: str
    has_placeholder: bool
    response: requests.Response
    at: datetime


def check_answer(base_url: str, contract: Contract, *, session: requests.Session) -> Iterator[Check]:
    """
    Ask for something that exists, without a key, and look at how it is refused.

    Args:
        base_url: Of the target, without a slash at its end.
        contract: Of the provider.
        session: Sends, and follows no redirect.
    """
    operation = _harmless(contract)
    if operation is None:
        yield from (not_checked(name, "the contract has no operation that could be asked for") for name in NAMES)
        return
    path = PARAMETER.sub(PLACEHOLDER, operation.path)
    before = datetime.now(UTC)
    try:
        response = session.get(base_url + path, timeout=TIMEOUT_S, allow_redirects=False)
    except requests.RequestException as error:
        fix = "Try again; if it stays so, ask the sandbox's owner."
        yield wrong("answer", f"GET {path} got none: {type(error).__name__}", fix)
        yield from (not_checked(name, "there was no answer") for name in NAMES[1:])
        return
    at = before + (datetime.now(UTC) - before) / 2
    probe = Probe(path, path != operation.path, response, at)
    yield _check_status(probe)
    yield _check_base(probe)
    yield _check_type(probe, operation)
    yield _check_clock(probe)


def _harmless(contract: Contract) -> Operation | None:
    """An operation that reads, with JSON as its answer; best one whose path has no parameters."""
    reads = (each for each in contract.operations.all if each.method == "GET")
    fit = (each for each in reads if "application/json" in (each.described(200) or {}))
    return min(fit, key=lambda each: "{" in each.path, default=None)


def _check_status(probe: Probe) -> Check:
    status = probe.response.status_code
    what = f"GET {probe.path} answered {status}"
    if status in DOWN:
        return wrong("answer", f"{what}: the sandbox is down, or a gateway before it", "Wait, or ask its owner.")
    if status >= 500:
        return warning("answer", what, "Ask the sandbox's owner why; a run would meet it too.")
    if probe.response.headers.get(OURS) is not None:
        fix = "Name the provider's own sandbox; here every certificate says mock."
        return warning("answer", f"{what}; it is a Flowproof mock, not the provider's", fix)
    return ok("answer", what)


def _check_base(probe: Probe) -> Check:
    status = probe.response.status_code
    if 300 <= status < 400:
        to = urlsplit(probe.response.headers.get("location", ""))
        where = f"{to.scheme}://{to.netloc}" if to.netloc else to.path or "nowhere"
        fix = "Write the address that it leads to; a redirected POST would lose its body."
        return wrong("base URL", f"it redirects to {where}", fix)
    if status == 404 and probe.has_placeholder:
        return not_checked("base URL", f"{probe.path} has a made-up part, which may be what is not known there")
    if status == 404:
        fix = f"The url is what stands before {probe.path}: add what is missing, take away what is too much."
        return wrong("base URL", f"nothing is known at {probe.path}", fix)
    return ok("base URL", f"{probe.path} is known there")


def _check_type(probe: Probe, operation: Operation) -> Check:
    got = probe.response.headers.get("content-type", "").partition(";")[0].strip().lower()
    known = {*(operation.described(probe.response.status_code) or {}), "application/json", "application/problem+json"}
    if got in known:
        return ok("content type", got)
    if got == "text/html":
        fix = "Write the API's address: this is a portal, a log-in page or a proxy."
        return wrong("content type", "what answers is a web page", fix)
    return warning("content type", f"{got or 'none'}, not JSON", "Look whether the url is that of the API.")


def _check_clock(probe: Probe) -> Check:
    date = probe.response.headers.get("date")
    try:
        theirs = parsedate_to_datetime(date or "")
    except ValueError:
        return not_checked("clock", "the answer has no Date header")
    ahead = probe.at - (theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC))
    apart = f"{abs(ahead).total_seconds():.0f} s {'ahead of' if ahead > timedelta(0) else 'behind'} the sandbox's"
    fix = "Set this machine's clock by NTP: signatures and tokens depend on it."
    if abs(ahead) > FAR:
        return wrong("clock", f"this machine's clock is {apart}", fix)
    if abs(ahead) > CLOSE:
        return warning("clock", f"this machine's clock is {apart}", fix)
    return ok("clock", "this machine's clock is the sandbox's, to within 5 s")
