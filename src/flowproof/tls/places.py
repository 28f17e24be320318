"""Where the authority is kept. Light: what trusts it imports no cryptography."""

import os
from collections.abc import Mapping
from pathlib import Path

__all__ = [
    "BUNDLE",
    "CERTIFICATE",
    "FOLDER_VARIABLE",
    "KEY",
    "TRUSTSTORE",
    "TRUSTSTORE_PASSWORD",
    "trust_variables",
    "usual_folder",
]

FOLDER_VARIABLE = "FLOWPROOF_TLS_FOLDER"
CERTIFICATE = "ca.pem"
KEY = "ca-key.pem"
BUNDLE = "bundle.pem"  # the public authorities, and ours
TRUSTSTORE = "truststore.p12"
TRUSTSTORE_PASSWORD = "changeit"  # noqa: S105 (Java's own, which protects nothing: what is in it is public)


def usual_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where the authority is kept: what the environment says, or the user's configuration folder."""
    if named := environment.get(FOLDER_VARIABLE):
        return Path(named)
    configuration = environment.get("XDG_CONFIG_HOME", "")
    parent = Path(configuration) if Path(configuration).is_absolute() else Path("~/.config").expanduser()
    return parent / "flowproof" / "tls"


def trust_variables(folder: Path) -> Mapping[str, str]:
    """
    The variables by which most clients trust our authority beside the public ones.

    Args:
        folder: Of the authority.
    """
    bundle = str((folder / BUNDLE).absolute())
    return {
        "REQUESTS_CA_BUNDLE": bundle,
        "SSL_CERT_FILE": bundle,
        "CURL_CA_BUNDLE": bundle,
        "NODE_EXTRA_CA_CERTS": str((folder / CERTIFICATE).absolute()),
    }
