"""How each ecosystem is told to trust the authority by which a server's certificates are."""

from pathlib import Path

from flowproof.tls.places import CERTIFICATE, TRUSTSTORE, TRUSTSTORE_PASSWORD, trust_variables

from .tables import columns

__all__ = ["instructions"]

READ_BY = {
    "REQUESTS_CA_BUNDLE": "Python: requests, pip",
    "SSL_CERT_FILE": "OpenSSL, Go, Ruby, httpx",
    "CURL_CA_BUNDLE": "curl",
    "NODE_EXTRA_CA_CERTS": "Node",
}


def instructions(folder: Path, *, is_new: bool, proxy: str | None) -> str:
    """
    What has a client trust the authority, beside the public ones.

    Args:
        folder: Of the authority.
        is_new: It was made just now: whoever trusted an earlier one has to be told again.
        proxy: What HTTPS_PROXY is set to, where the server is a proxy.
    """
    certificate, store = folder.absolute() / CERTIFICATE, folder.absolute() / TRUSTSTORE
    lines = [f"export {name}={value}  # {READ_BY[name]}" for name, value in trust_variables(folder).items()]
    lines += [
        f"curl --cacert {certificate} …",
        f"java -Djavax.net.ssl.trustStore={store} -Djavax.net.ssl.trustStorePassword={TRUSTSTORE_PASSWORD} …",
    ]
    if proxy is not None:
        lines = [f"export HTTPS_PROXY={proxy} HTTP_PROXY={proxy}  # the clients that are to reach the mocks", *lines]
    note = " (made just now)" if is_new else ""
    facts = [
        ("authority", f"{certificate}{note}"),
        *(("trust" if at == 0 else "", line) for at, line in enumerate(lines)),
    ]
    return columns(facts)
