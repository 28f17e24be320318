"""What every mock shares; it knows no provider. A provider's rooms use the names below and nothing else of it."""

from .credentials import Credential
from .http.request import ProviderRequest
from .http.response import WireResponse
from .provider import Provider
from .provider_context import ProviderContext, State, hex_id
from .refusals import Refusal
from .request_context import ctx
from .seed import seed_data

__all__ = [
    "Credential",
    "Provider",
    "ProviderContext",
    "ProviderRequest",
    "Refusal",
    "State",
    "WireResponse",
    "ctx",
    "hex_id",
    "seed_data",
]
