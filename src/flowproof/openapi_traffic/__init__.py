"""
Infers an OpenAPI document from recorded traffic: what happened becomes what is described, and nothing is invented.

    selection    which exchanges of a recording are the API's, and below which base URL
    templates    which segments of paths are parameters
    credentials  how the requests proved who sent them
    messages     the values of requests and answers, without secrets and personal data
    schemas      the JSON Schema of several values
    document     the document, and what a person has to decide about it

The libraries that make OpenAPI documents of HTTP Archives or collections were looked at. Those that are kept run on
Node.js (har-to-openapi, postman-to-openapi) or bring a whole proxy along (mitmproxy2swagger); all of them copy values,
secrets among them, into the document, and none knows an id by its reappearance.
"""

from .document import ObservedDocument, observed_document

__all__ = ["ObservedDocument", "observed_document"]
