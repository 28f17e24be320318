"""The mock: what the document says and what is inferred from it, but for operations that have rules of their own."""

from importlib.resources import files

from flowproof.openapi_mock import find_replacements, openapi_provider

from . import operations

__all__ = ["provider"]

provider = openapi_provider(
    "acme",
    files("flowproof_acme").joinpath("contract"),
    replacements=find_replacements(operations),
    not_emulated=("What the OpenAPI document does not say: see DECISIONS.md.",),
)
