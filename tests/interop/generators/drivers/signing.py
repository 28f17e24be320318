"""What a partner adds to the requests of a generated client: tokens and signatures. By this folder's own hand."""

import hmac
from collections.abc import Mapping

__all__ = ["proof"]


def proof(
    provider: str, credentials: Mapping[str, str], method: str, path: str, headers: Mapping[str, str], body: bytes
) -> dict[str, str]:
    """
    Headers that prove who sends a request.

    Args:
        provider: Its slug.
        credentials: As the control API shows them; ``token`` where one was issued for the key.
        method: Of the request.
        path: As it is sent, without the query.
        headers: That the generated client has set; names in lower case.
        body: Bytes as they are sent.
    """
    if provider == "dots_eco":
        return {"auth-token": credentials["key"]}
    if provider == "oneflow":
        message = f"{method} {path} {headers['x-oneflow-date']}".encode()
        signature = hmac.new(credentials["secret"].encode(), message, "sha1").hexdigest()
        return {"x-oneflow-authorization": f"{credentials['key']}:{signature}"}
    if provider != "flow1st":
        return {"authorization": f"Bearer {credentials.get('token', credentials['key'])}"}
    found = {"accesstoken": f"Bearer {credentials['token']}"}
    if timestamp := headers.get("x-timestamp"):
        key = credentials["signing_key"].encode()
        found["x-signature"] = hmac.new(key, timestamp.encode() + body, "sha256").hexdigest()
    return found
