"""
What changes between two OpenAPI documents, and whom each change breaks.

Source:
    OpenAPI Specification 3.1.1; JSON Schema 2020-12; RFC 9110, 15 (a client treats a status that it does not know as
    the x00 of its class).
"""

from .changes import Change, Place
from .comparison import compare
from .documents import Document, open_document
from .rules import RULES, Rule

__all__ = ["RULES", "Change", "Document", "Place", "Rule", "compare", "open_document"]
