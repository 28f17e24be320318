"""What a view returns for a JSON value of whichever media type."""

from typing import Any

import orjson
from flask import Response

from flowproof.kernel import WireResponse

__all__ = ["rendered"]


def rendered(value: Any, status: int, media_type: str) -> Any:
    """A value with its status, which the kernel writes; a response where there is no body, or another type of JSON."""
    if not media_type:
        return WireResponse(status, b"", ())
    if media_type == "application/json":
        return value, status
    return Response(orjson.dumps(value), status, mimetype=media_type)
