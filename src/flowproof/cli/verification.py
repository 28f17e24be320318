"""What is said of a certificate after it was verified, on the command line and on the page alike."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import click
from msgspec import to_builtins

from flowproof.certify.budget import spent_text
from flowproof.certify.certificate import InvalidCertificate, VerifiedCertificate, verify_certificate
from flowproof.certify.criteria import digest
from flowproof.certify.keys import public_key_from_base64
from flowproof.certify.statement import Claims
from flowproof.certify.suite import changed_files, suite_digest
from flowproof.certify.writers.html import page
from flowproof.providers import Kits

from .tables import bullets, heading, rows, visible

__all__ = ["Verification", "examine", "verify_for_page"]

MOST_SHOWN = 20
KINDS = {
    "mock": "A MOCK made by Flowproof: this says nothing of the provider itself",
    "loopback": "a server on the machine that ran the tests, not the provider's sandbox",
    "sandbox": "the provider's sandbox",
}


@dataclass(frozen=True, slots=True)
class SuiteComparison:
    """Whether a certificate's suite may be ours, and what the comparison with the installed one shows."""

    is_sound: bool
    text: str


def _compare_suite(claims: Claims) -> SuiteComparison:
    """Compare digests with those of the installed suite, if the certificate was made by the same version."""
    suite = claims.suite
    if suite.version != version("flowproof"):
        return SuiteComparison(True, f"not compared: here is version {version('flowproof')}")
    kits = Kits()
    if claims.provider not in kits.names:
        return SuiteComparison(True, f"not compared: {claims.provider} is not installed here")
    kit = kits.find(claims.provider)
    contract = kit.contract_folder()
    if changed := changed_files(kit.suite_folder()):
        return SuiteComparison(False, f"not compared: what is installed here was changed itself: {changed[0]}")
    installed = suite_digest(kit.suite_folder(), contract, kit.fixtures_folder())
    if (suite.digest, suite.contract_digest) == (installed, digest(contract)):
        return SuiteComparison(True, "the same as installed here")
    return SuiteComparison(False, "CHANGED: not the suite and contract of this version, as they are installed here")


@dataclass(frozen=True, slots=True)
class Verification:
    """
    A valid certificate, and whether it counts.

    Args:
        examined: The certificate.
        suite: How its suite compares with the installed one.
        has_keys: Keys were given whose signatures count.
    """

    examined: VerifiedCertificate
    suite: SuiteComparison
    has_keys: bool

    @property
    def is_good(self) -> bool:
        """Whether a trusted key has signed it, and its suite may be ours."""
        return self.examined.trusted and self.suite.is_sound

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "valid": True,
            "suite": self.suite.text,
            "trusted": self.is_good,
            "fingerprint": self.examined.fingerprint,
            "certificate": to_builtins(self.examined.certificate),
        }

    def text(self) -> str:
        """For a terminal."""
        examined, suite = self.examined, self.suite
        certificate = examined.certificate
        claims = certificate.certifies
        word = click.style("VALID", fg="green", bold=True) if self.is_good else click.style("NOT TRUSTED", bold=True)
        facts = rows(
            [
                ("provider", f"{claims.title} ({claims.provider})"),
                ("target", ", ".join(filter(None, (claims.target.name, claims.target.url)))),
                ("kind", KINDS[claims.target.kind]),
                ("verdict", f"{claims.verdict}{' in rehearsal' if claims.rehearsal else ''}, {claims.judged}"),
                ("certified", f"what is mandatory holds{_excuse(claims)}"),
                ("requirements", ", ".join(f"{number} {each}" for each, number in claims.requirement_counts.items())),
                ("run", f"{claims.run.id}, {claims.run.started_at:%Y-%m-%d %H:%M} to {claims.run.ended_at:%H:%M} UTC"),
                *_operator(claims),
                *_connection(claims),
                ("created", f"{claims.created}, of which {len(claims.left_behind)} are left"),
                ("permitted", "; ".join(examined.report.permissions)),
                ("spent", spent_text(claims.spent)),
                ("suite", f"Flowproof {claims.suite.version}, {claims.suite.digest}; {suite.text}"),
                ("contract", claims.suite.contract_digest),
                ("issued", f"{certificate.issued_at:%Y-%m-%d %H:%M} UTC"),
                ("expires", f"{certificate.expires_at:%Y-%m-%d %H:%M} UTC"),
                ("signed by", f"{examined.fingerprint} ({self._trust()})"),
            ]
        )
        title = f"{word}  {visible(claims.title)} on {visible(claims.target.name)}"
        return "\n".join([title, "", facts, *_lists(claims)])

    def _trust(self) -> str:
        if self.examined.trusted:
            return "which you trust"
        return "which is none of the keys given" if self.has_keys else "whose trust was not checked: give --key"


def examine(data: bytes, trusted: Mapping[str, bytes]) -> Verification:
    """
    Verify a certificate now.

    Args:
        data: The file.
        trusted: Public keys by name.

    Raises:
        InvalidCertificate: It is damaged, not signed by its key, inconsistent, or not valid now.
    """
    examined = verify_certificate(data, trusted, at=datetime.now(UTC))
    return Verification(examined, _compare_suite(examined.certificate.certifies), has_keys=bool(trusted))


def verify_for_page(data: bytes, keys: Sequence[str]) -> dict[str, Any]:
    """
    What the control API answers to a certificate.

    Args:
        data: The file.
        keys: Public keys that are trusted, each in base64.

    Raises:
        ConfigurationError: A key is none.
    """
    trusted = {each: public_key_from_base64(each) for each in keys}
    try:
        verification = examine(data, trusted)
    except InvalidCertificate as error:
        return {"valid": False, "why": str(error)}
    report = verification.examined.report
    return {
        **verification.to_json(),
        "text": click.unstyle(verification.text()),
        "requirements": [
            {"id": each.id, "text": each.text, "verdict": each.verdict, "why": each.why, "mandatory": each.mandatory}
            for each in report.requirements
        ],
        "page": page(report).decode(),
    }


def _operator(claims: Claims) -> Iterator[tuple[str, str]]:
    """Who ran it, as far as it is given; nobody has checked that."""
    operator = claims.operator
    client = f"{operator.client} {operator.client_version}".strip()
    for name, value in (("run by", operator.organisation), ("contact", operator.contact), ("client", client)):
        if value:
            yield name, f"{value} (as given)"


def _connection(claims: Claims) -> Iterator[tuple[str, str]]:
    connection = claims.connection
    yield "TLS", f"certificate {connection.certificate}" if connection.certificate else "none"
    if connection.proxy:
        yield "proxy", connection.proxy
    if connection.authorities:
        yield "authorities", f"those of {connection.authorities}, on the machine that ran the tests"


def _excuse(claims: Claims) -> str:
    return ", or a deviation covers it" if any(each.state == "covers" for each in claims.deviations) else ""


def _lists(claims: Claims) -> Iterator[str]:
    deviations = [f"{each.requirement}: {each.reason} ({each.owner}, to {each.expires})" for each in claims.deviations]
    failed = [f"{each.requirement}: {each.why}" for each in claims.failed]
    not_run = [f"{each.requirement}: {each.verdict}, {each.why}" for each in claims.not_run]
    lists: Mapping[str, Sequence[str]] = {
        "Deviations": deviations,
        "Failed": failed,
        "Not run": not_run,
        "Left behind on the target": claims.left_behind,
    }
    for title, lines in lists.items():
        if lines:
            more = [f"and {len(lines) - MOST_SHOWN} more; --json shows all"] if len(lines) > MOST_SHOWN else []
            yield f"\n{heading(f'{title}: {len(lines)}')}\n{bullets([*lines[:MOST_SHOWN], *more])}"
