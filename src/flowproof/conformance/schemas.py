"""
The JSON Schemas of a contract, compiled: one library validates every request, another explains errors.

``jsonschema-rs`` takes microseconds; ``jsonschema`` takes a hundred times as long and is loaded only to explain an
error. A property test checks that the two agree.
"""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import jsonschema_rs

from .finding import Finding
from .formats import FORMATS
from .shapes import Shape, shape_of

if TYPE_CHECKING:
    from .explanation import Explainer

__all__ = ["Schemas"]

BASE = "https://flowproof.example"


class Schemas:
    """
    All schemas of a contract: those of its files, and those inside the OpenAPI document.

    Args:
        slug: The provider's.
        document: The OpenAPI document, whose relative references name the files.
        files: The content of each schema file, by name.
    """

    def __init__(self, slug: str, document: Mapping[str, Any], files: Mapping[str, Any]) -> None:
        self._document_uri = f"{BASE}/{slug}/openapi.yaml"
        self.resources: dict[str, Any] = {self._document_uri: {"$id": self._document_uri, **document}}
        for name, schema in files.items():
            self.resources[f"{BASE}/{slug}/schemas/{name}"] = schema
        self._uri_by_pointer: dict[str, str] = {}
        self._uris = {name: f"{BASE}/{slug}/schemas/{name}" for name in files}
        self._registry = jsonschema_rs.Registry(list(self.resources.items()), draft=jsonschema_rs.Draft202012)
        self._validators: dict[str, Callable[[Any], bool]] = {}
        self._shapes: dict[str, Shape] = {}

    def uri_of_file(self, name: str) -> str:
        """The URI of a schema file."""
        return self._uris[name]

    def uri_of_pointer(self, pointer: str) -> str:
        """The URI of a schema inside the OpenAPI document."""
        uri = self._uri_by_pointer.get(pointer)
        if uri is None:
            uri = self._uri_by_pointer[pointer] = f"{self._document_uri}#{quote(pointer, safe='/~')}"
        return uri

    def accepts(self, uri: str, value: Any) -> bool:
        """Whether a JSON value is valid."""
        is_valid = self._validators.get(uri)
        if is_valid is None:
            validator = jsonschema_rs.Draft202012Validator(
                {"$ref": uri}, registry=self._registry, formats=dict(FORMATS), validate_formats=True
            )
            is_valid = self._validators[uri] = validator.is_valid
        return is_valid(value)

    def findings(self, uri: str, value: Any, where: str) -> tuple[Finding, ...]:
        """The errors of a JSON value; none if it is valid."""
        if self.accepts(uri, value):
            return ()
        found = self._explainer.explain(uri, value, where)
        return found or (Finding(where, "", "a value that the contract allows", "another value", keyword="schema"),)

    def normalized(self, uri: str, value: Any) -> Any:
        """A valid JSON value with the members that the schema of that URI names, and with its defaults (`Shape`)."""
        shape = self._shapes.get(uri)
        if shape is None:
            shape = self._shapes[uri] = shape_of(uri, self.resources)
        return shape.normalized(value)

    @cached_property
    def _explainer(self) -> "Explainer":
        from .explanation import Explainer  # noqa: PLC0415 (jsonschema takes longer to load than everything else)

        return Explainer(self.resources, self.accepts)
