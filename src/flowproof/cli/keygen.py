"""``flowproof keygen``: a pair of keys, with which certificates are signed and checked."""

from pathlib import Path

import click

from flowproof.certify.keys import make_keys

__all__ = ["keygen"]


@click.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
def keygen(file: Path) -> None:
    """
    Make a pair of Ed25519 keys for certificates.

    FILE signs and is yours alone, FILE.pub verifies and is for everybody.

    Both are PEM; keys that openssl has made do as well. No file is ever overwritten.
    """
    public, fingerprint = make_keys(file)
    click.echo(f"private key  {file}  (sign with: flowproof certify … --sign {file})")
    click.echo(f"public key   {public}  (give it to whoever verifies)")
    click.echo(f"fingerprint  {fingerprint}")
