"""What the account under test has set up: who manages what, and what can be bought. Data of the suite's own."""

import json
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import Any

__all__ = ["APPLICATION", "CLOSED", "EXAMPLE", "FOREIGN", "OTHER", "SEED", "SKU", "UNKNOWN_TOKEN", "addresses"]

FIXTURES = files("flowproof.fixtures").joinpath("dots_eco")

SEED: Mapping[str, Any] = MappingProxyType(json.loads(FIXTURES.joinpath("seed.json").read_text(encoding="utf-8")))
"""The account set-up of fixtures/dots_eco/seed.json, which a sandbox account has to have too."""

APPLICATION = "1-f2b086b3"
"""The document's own application, whose company may buy."""
OTHER = "5-f1b086b3"
"""Another application of the same company, with a flow card of its own."""
CLOSED = "2-7c1d04e9"
"""An application whose company may not buy, though the token's holder manages it."""
FOREIGN = "3-a90be415"
"""An application that somebody else manages."""
SKU = "123kdfgf"
"""The document's own flow card."""
UNKNOWN_TOKEN = "e9dc5901448d61e20b35e209bb09adcc"
"""The token that the provider's page about headers shows; nobody has it."""

EXAMPLE: Mapping[str, Any] = MappingProxyType(
    {
        "app_token": APPLICATION,
        "sku": SKU,
        "expiration_date": "2025-12-31",
        "recipient_email": "test@test.com",
        "recipient_name": "Flow user",
        "from": "John doe",
        "message": "Lorem Ipsum",
    }
)
"""The document's example body."""


def addresses(*, valid: bool) -> Mapping[str, str]:
    """Texts that are e-mail addresses, or are none, each with the reason: fixtures/dots_eco/vectors/emails.json."""
    vectors = json.loads(FIXTURES.joinpath("vectors").joinpath("emails.json").read_text(encoding="utf-8"))["vectors"]
    return {each["address"]: each["why"] for each in vectors if each["valid"] is valid}
