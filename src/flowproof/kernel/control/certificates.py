"""
Verifies a certificate for a person who has dropped one on the page.

The kernel knows no certificates; so the verifier is handed in by whoever starts the server. It reads megabytes, and is
therefore called on another thread, without the lock.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import orjson
from flask import Blueprint, current_app

from flowproof.errors import ConfigurationError, FlowproofError
from flowproof.kernel.http.pairs import read_pairs
from flowproof.kernel.http.problem import problem
from flowproof.kernel.http.response import WireResponse

from .context import control_ctx

__all__ = ["LARGEST_CERTIFICATE", "VERIFY", "VerificationJob", "Verifier", "certificate_routes"]

VERIFY = "/certificates/verify"
LARGEST_CERTIFICATE = 64 * 1024 * 1024  # bytes; that of a run of 435 tests has 6 million

Verifier = Callable[[bytes, Sequence[str]], Mapping[str, Any]]
"""Takes the file and the public keys that are trusted, each in base64; returns what it says, as JSON."""

certificate_routes = Blueprint("certificates", __name__)


@dataclass(frozen=True, slots=True)
class VerificationJob:
    """
    Verifies one certificate.

    Args:
        verifier: Knows what a certificate is.
        data: The file.
        keys: Public keys that are trusted, each in base64.
    """

    verifier: Verifier
    data: bytes = field(repr=False)
    keys: Sequence[str]

    def run(self, _address: tuple[str, int]) -> WireResponse:
        """What the certificate says as JSON, or a problem document."""
        try:
            return WireResponse(200, orjson.dumps(self.verifier(self.data, self.keys)))
        except FlowproofError as error:
            return problem(422, "Cannot be verified", str(error))


@certificate_routes.post("/verify")  # type: ignore[type-var]  # (our own Flask subclass takes the job as it is)
def verify_certificate() -> VerificationJob:
    """Verify a certificate as `flowproof verify` does. Nothing of it is kept."""
    verifier = cast("Verifier | None", current_app.verifier)  # type: ignore[attr-defined]  # (the same)
    if verifier is None:
        raise ConfigurationError("This server cannot verify certificates.", "Start it with flowproof serve.")
    keys = [value for name, value in read_pairs(control_ctx.wire.query) if name == "key"]
    return VerificationJob(verifier, control_ctx.wire.body, keys)
