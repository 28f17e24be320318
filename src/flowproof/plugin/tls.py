"""TLS of the session's own server, trusted by the clients under test while it runs."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

__all__ = ["own_tls"]

NAMES = ("localhost", "127.0.0.1", "::1")


@contextmanager
def own_tls() -> Iterator[ssl.SSLContext]:
    """
    What the server speaks TLS with. In the block, the usual variables name what trusts it beside the public ones.

    Raises:
        ConfigurationError: The folder of the user's authority cannot be used.
    """
    from flowproof.tls.authority import open_authority  # noqa: PLC0415 (only where TLS is spoken)
    from flowproof.tls.places import trust_variables, usual_folder  # noqa: PLC0415

    now = datetime.now(UTC)
    authority = open_authority(usual_folder(), now)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in trust_variables(authority.folder).items():
            patch.setenv(name, value)
        yield authority.server_context(NAMES, now)
