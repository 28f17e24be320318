"""An authority in a folder of its own."""

from datetime import UTC, datetime

import pytest

from flowproof.tls.authority import Authority, open_authority


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority that nobody has used before."""
    return open_authority(tmp_path_factory.mktemp("authority"), datetime.now(UTC))
