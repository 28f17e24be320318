"""``flowproof verify``: is a certificate whole, valid and signed by somebody who is trusted, and what does it say?"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from msgspec import to_builtins

from flowproof.certify.certificate import Claims, InvalidCertificate, VerifiedCertificate, verify_certificate
from flowproof.certify.keys import read_public_key
from flowproof.errors import ConfigurationError

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
@click.option("--json", "as_json", is_flag=True, show_default=False, help="For programs.")
@click.pass_context
def verify(context: click.Context, /, file: Path, keys: tuple[Path, ...], as_json: bool) -> None:
    """
    Check a certificate offline, and say what it certifies.

    Every byte counts: the file's form, the digests of its parts, the signature, the dates, and whether report and
    certificate are what the events say. Exit code 0 when it is valid and signed by a key that --key names. Exit code 1
    when it is not valid, or when no --key says whose signature counts. Exit code 2 when a file cannot be read.
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
    click.echo(json_text(_json(examined)) if as_json else _text(examined, keys))
    context.exit(0 if examined.trusted else 1)


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


def _text(examined: VerifiedCertificate, keys: Sequence[Path]) -> str:
    certificate = examined.certificate
    claims = certificate.certifies
    word = click.style("VALID", fg="green", bold=True) if examined.trusted else click.style("NOT TRUSTED", bold=True)
    facts = rows(
        [
            ("provider", f"{claims.title} ({claims.provider})"),
            ("target", ", ".join(filter(None, (claims.target.name, claims.target.url)))),
            ("kind", KINDS[claims.target.kind]),
            ("verdict", f"{claims.verdict}; what is mandatory holds ({claims.mandatory}){_excuse(claims)}"),
            ("requirements", ", ".join(f"{number} {each}" for each, number in claims.requirement_counts.items())),
            ("run", f"{claims.run.id}, {claims.run.started_at:%Y-%m-%d %H:%M} to {claims.run.ended_at:%H:%M} UTC"),
            ("suite", f"Flowproof {claims.suite.version}, {claims.suite.digest}"),
            ("contract", claims.suite.contract_digest),
            ("issued", f"{certificate.issued_at:%Y-%m-%d %H:%M} UTC"),
            ("expires", f"{certificate.expires_at:%Y-%m-%d %H:%M} UTC"),
            ("signed by", f"{examined.fingerprint} ({_trust(examined, keys)})"),
        ]
    )
    return "\n".join([f"{word}  {visible(claims.title)} on {visible(claims.target.name)}", "", facts, *_lists(claims)])


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


def _json(examined: VerifiedCertificate) -> dict[str, Any]:
    return {
        "valid": True,
        "trusted": examined.trusted,
        "fingerprint": examined.fingerprint,
        "certificate": to_builtins(examined.certificate),
    }
