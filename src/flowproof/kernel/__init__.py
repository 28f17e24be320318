"""What every mock shares; it knows no provider. A provider's rooms use the names below and nothing else of it."""

from .credentials import Credential
from .here import here
from .provider import Provider
from .refusals import Answer, Refused
from .request import ProviderRequest
from .seed import seed_data
from .world import State, World, hex_id

__all__ = [
    "Answer",
    "Credential",
    "Provider",
    "ProviderRequest",
    "Refused",
    "State",
    "World",
    "here",
    "hex_id",
    "seed_data",
]
