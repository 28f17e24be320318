"""``flowproof verify``: is a certificate whole, valid and signed by somebody who is trusted, and what does it say?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
from msgspec import to_builtins

from flowproof.certify.budget import spent_text
from flowproof.certify.certificate import InvalidCertificate, VerifiedCertificate, verify_certificate
from flowproof.certify.criteria import digest
from flowproof.certify.keys import read_public_key
from flowproof.certify.statement import Claims
from flowproof.certify.suite import changed_files, suite_digest
from flowproof.certify.writers import write_views
from flowproof.errors import ConfigurationError
from flowproof.providers import Kits

from .options import option
from .tables import bullets, heading, json_text, rows, visible

__all__ = ["verify"]

LARGEST = 512 * 1024 * 1024
MOST_SHOWN = 20
KINDS = {
    "mock": "A MOCK made by Flowproof: this says nothing of the provider itself",
    "loopback": "a server on the machine that ran the tests, not the provider's sandbox",
    "sandbox": "the provider's sandbox",
}


@click.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@option(
    "--key",
    "keys",
    type=click.Path(path_type=Path),
    multiple=True,
    show_default=False,
    metavar="PUBLIC-KEY-FILE",
    help="Trust signatures of this key; may be repeated.",
)
@click.option(
    "--report",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write the report's page and other views there, from what was verified.",
)
@click.option("--json", "as_json", is_flag=True, show_default=False, help="For programs.")
@click.pass_context
def verify(context: click.Context, /, file: Path, keys: tuple[Path, ...], folder: Path | None, as_json: bool) -> None:
    """
    Check a certificate offline, and say what it certifies.

    Every byte counts: the file's form, the digests of its parts, the signature, the dates, and whether report and
    certificate are what the events say; suite and contract are compared with those that are installed here. Exit code 0
    when it is valid, signed by a key that --key names, and of the same suite. Exit code 1 when it is not, or when no
    --key says whose signature counts. Exit code 2 when a file cannot be read.
    """
    trusted = {str(each): read_public_key(each) for each in keys}
    data = _content(file)
    try:
        examined = verify_certificate(data, trusted, at=datetime.now(UTC))
    except InvalidCertificate as error:
        result = {"valid": False, "why": str(error)}
        click.echo(
            json_text(result) if as_json else f"{click.style('INVALID', fg='red', bold=True)}  {visible(str(error))}"
        )
        context.exit(1)
    suite = _compare_suite(examined.certificate.certifies)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        write_views(examined.report, folder)
    click.echo(json_text(_json(examined, suite)) if as_json else _text(examined, keys, suite))
    context.exit(0 if examined.trusted and suite.is_sound else 1)


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


def _content(file: Path) -> bytes:
    fix = "Give the file that flowproof certify --sign wrote."
    try:
        with file.open("rb") as opened:
            data = opened.read(LARGEST + 1)
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}.", fix) from error
    if len(data) > LARGEST or not data.startswith(b"PK"):
        raise ConfigurationError(f"{file} is no certificate.", fix)
    return data


def _text(examined: VerifiedCertificate, keys: Sequence[Path], suite: SuiteComparison) -> str:
    certificate = examined.certificate
    claims = certificate.certifies
    is_good = examined.trusted and suite.is_sound
    word = click.style("VALID", fg="green", bold=True) if is_good else click.style("NOT TRUSTED", bold=True)
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
            ("signed by", f"{examined.fingerprint} ({_trust(examined, keys)})"),
        ]
    )
    return "\n".join([f"{word}  {visible(claims.title)} on {visible(claims.target.name)}", "", facts, *_lists(claims)])


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


def _trust(examined: VerifiedCertificate, keys: Sequence[Path]) -> str:
    if examined.trusted:
        return "which you trust"
    return "which is none of the keys given" if keys else "whose trust was not checked: give --key"


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


def _json(examined: VerifiedCertificate, suite: SuiteComparison) -> dict[str, Any]:
    return {
        "valid": True,
        "suite": suite.text,
        "trusted": examined.trusted and suite.is_sound,
        "fingerprint": examined.fingerprint,
        "certificate": to_builtins(examined.certificate),
    }
