"""
Recorded traffic: what a browser, a proxy, a journal or Postman has kept of somebody's conversation with a provider.

    exchanges.py     a recorded exchange, and the recording that it is part of
    har.py           HTTP Archives, of whatever program
    postman.py       Postman collections with saved responses
    charles.py       sessions of Charles in its own JSON
    reading.py       which of them a file is
    selection.py     which exchanges are the provider's, and below which base URL
    headers.py       which headers are credentials, and which belong to a request
    placeholders.py  secrets and personal data replaced, the same value by the same placeholder
    values.py        the values of a message: JSON, form, text, path and query
    volatile.py      values that differ from one run to the next
    binding.py       values of an answer that reappear later
    expectation.py   what an answer is expected to be again
    access.py        with whose credentials a request was sent, and is sent again
    control.py       what was done to a mock between requests
    own.py           what archives of ours say beside HAR
    public.py        values that a provider's documents have published
    resending.py     a request as a case sends it again
    conversion.py    a recording as a case

Knows no server: a command reads files and asks servers.
"""

from .conversion import Converted, convert
from .exchanges import RecordedExchange, Recording, RecordingError
from .placeholders import Placeholders
from .public import public_values
from .reading import Kind, read_document, read_recording
from .values import Leaf, leaves

__all__ = [
    "Converted",
    "Kind",
    "Leaf",
    "Placeholders",
    "RecordedExchange",
    "Recording",
    "RecordingError",
    "convert",
    "leaves",
    "public_values",
    "read_document",
    "read_recording",
]
