"""
What the provider obliges its clients to, as far as a journal shows it.

The constraints of requests need no entry: they are judged wherever a request has the member. Add what the document only
says in words: docs/conduct.md of Flowproof shows how.
"""

from flowproof.conduct import Obligations

__all__ = ["OBLIGATIONS"]

OBLIGATIONS = Obligations()
