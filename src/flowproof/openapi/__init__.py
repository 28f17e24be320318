"""
Reads OpenAPI documents of other people: any dialect of 3.0 and 3.1 becomes a contract that the rest of Flowproof reads.

    reading → bundle → upgrade → normalize → directions    a document as OpenAPI 3.1 in one piece
    resources, examples, generation, security, problems    what is inferred from it

Knows no kernel: the mock that these answers drive is `flowproof.openapi_mock`.
"""

from .contract import contract_of, read_contract
from .reading import read_document

__all__ = ["contract_of", "read_contract", "read_document"]
