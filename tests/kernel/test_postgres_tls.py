"""TLS between server and database, as the URL's parameters ask for it, and a password that nobody shows."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import trustme

from flowproof.errors import ConfigurationError, StoreError
from flowproof.kernel.assembly import open_store
from tests.postgres import USER, Cluster, new_cluster

PASSWORD = "s3cret-pa55"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Who has signed the database's certificate."""
    return trustme.CA()


@pytest.fixture(scope="module")
def address() -> str:
    """An address of loopback for this process alone, so that the usual port is free there."""
    high, low = divmod(os.getpid() % 65_000, 250)
    return f"127.77.{high % 250}.{low + 1}"


@pytest.fixture(scope="module")
def cluster(authority: trustme.CA, address: str) -> Iterator[Cluster]:
    """A cluster that takes connections over TLS alone, with a password."""
    made = new_cluster()
    with psycopg.connect(made.url(), autocommit=True) as connection:
        connection.execute(f"ALTER ROLE {USER} PASSWORD '{PASSWORD}'".encode())
    certificate = authority.issue_cert("localhost")
    chain = made.keep("chain.pem", b"".join(each.bytes() for each in certificate.cert_chain_pems))
    key = made.keep("key.pem", certificate.private_key_pem.bytes())
    rules = made.keep("rules", b"local all all trust\nhostssl all all 127.0.0.0/8 scram-sha-256\n")
    files = (f"ssl_cert_file={chain}", f"ssl_key_file={key}", f"hba_file={rules}")
    made.restart("ssl=on", f"listen_addresses={address}", *files)
    yield made
    made.remove()


def url(address: str, authority: trustme.CA, folder: Path, *, host: str = "localhost", password: str = PASSWORD) -> str:
    """The database as a server reaches it that trusts an authority."""
    trusted = folder / "authority.pem"
    authority.cert_pem.write_to_path(str(trusted))
    return (
        f"postgresql://{USER}:{password}@{host}/postgres?hostaddr={address}&sslmode=verify-full&sslrootcert={trusted}"
    )


@pytest.mark.usefixtures("cluster")
def test_url_asks_for_a_verified_connection(
    cluster: Cluster, authority: trustme.CA, address: str, tmp_path: Path
) -> None:
    """
    With `sslmode=verify-full` every connection of a server is encrypted, those for requests and the one for notices.
    """
    with closing(open_store(url(address, authority, tmp_path))) as store:
        store.records.put("w", "notes", "note", "one", "kept")
        with psycopg.connect(cluster.url()) as connection:
            secure = connection.execute(
                "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'flowproof'"
            ).fetchall()

    assert len(secure) >= 2
    assert set(secure) == {(True,)}


@pytest.mark.parametrize(
    ("change", "reason"),
    [("authority", "certificate verify failed"), ("host", "does not match host name"), ("password", "authentication")],
)
@pytest.mark.usefixtures("cluster")
def test_unverified_database_is_refused_without_a_password(
    authority: trustme.CA, address: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, change: str, reason: str
) -> None:
    """
    A database whose certificate is of another authority or name, or that refuses the password, is named as the reason;
    neither message nor log has the password.
    """
    trusted = trustme.CA() if change == "authority" else authority
    host = "database.example" if change == "host" else "localhost"
    password = f"{PASSWORD}-old" if change == "password" else PASSWORD

    with pytest.raises((StoreError, ConfigurationError), match=reason) as refused:
        open_store(url(address, trusted, tmp_path, host=host, password=password))

    assert PASSWORD not in str(refused.value) + caplog.text
