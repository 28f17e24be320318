"""``flowproof keygen``: a pair of keys, with which certificates are signed and checked."""

from pathlib import Path

import click

__all__ = ["keygen"]


@click.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
def keygen(file: Path) -> None:
    """
    Make a pair of Ed25519 keys: FILE signs and is yours alone, FILE.pub checks and is for everybody.

    Both are PEM; keys that openssl has made do as well. No file is ever overwritten.
    """
    from flowproof.certify.keys import make_keys  # noqa: PLC0415 (loads cryptography)

    public, fingerprint = make_keys(file)
    click.echo(f"private key  {file}  (sign with: flowproof certify … --sign {file})")
    click.echo(f"public key   {public}  (give it to whoever verifies)")
    click.echo(f"fingerprint  {fingerprint}")
