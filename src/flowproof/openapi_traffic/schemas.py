"""
The JSON Schema of several values: types, members, formats. No limit and no enum, which examples cannot show.

A member is required where every value has it. Where optional members are to be expected, several objects that differ
must have been seen: of two that are alike nobody knows what could be left out.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from flowproof.conformance.formats import is_date, is_date_time
from flowproof.recording.volatile import is_of_volatile_form
from flowproof.redaction.patterns import PATTERNS

__all__ = ["schema_of"]

UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
HEX = re.compile(r"[0-9a-f]{24}|[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}")
EMAIL = dict(PATTERNS)["EMAIL"]
TYPES = ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (list, "array"), (dict, "object"))
Schema = dict[str, Any]


def schema_of(values: Sequence[Any], *, least: int = 1) -> Schema:
    """
    The schema that all these values fit.

    Args:
        values: JSON values; none gives the schema that allows everything.
        least: How many objects must have been seen for a member of all of them to be required; where it is more than
            one, they must differ, too.
    """
    types = list(dict.fromkeys(map(_type, values)))
    if "integer" in types and "number" in types:
        types.remove("integer")
    schema: Schema = {}
    if types:
        schema["type"] = types[0] if len(types) == 1 else sorted(types)
    texts = [each for each in values if isinstance(each, str)]
    if texts:
        schema |= _form(texts)
    objects = [each for each in values if isinstance(each, dict)]
    if objects:
        schema |= _members(objects, least)
    lists = [each for each in values if isinstance(each, list)]
    if any(lists):
        schema["items"] = schema_of([item for each in lists for item in each], least=least)
    return schema


def _type(value: Any) -> str:
    return next((name for kind, name in TYPES if isinstance(value, kind)), "null")


def _form(texts: Sequence[str]) -> Schema:
    """The format that all texts have, or the pattern of ids in hexadecimal."""
    for name, fits in (("date-time", is_date_time), ("date", is_date), ("uuid", UUID.fullmatch)):
        if all(map(fits, texts)):
            return {"format": name}
    if all(map(EMAIL.fullmatch, texts)):
        return {"format": "email"}
    if all(map(_is_address, texts)):
        return {"format": "uri"}
    if all(map(HEX.fullmatch, texts)) and len({len(each) for each in texts}) == 1:
        return {"pattern": f"^[0-9a-f]{{{len(texts[0])}}}$"}
    return {}


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.scheme in ("http", "https") and parts.netloc) and " " not in text


def _members(objects: Sequence[Mapping[str, Any]], least: int) -> Schema:
    names = list(dict.fromkeys(name for each in objects for name in each))
    if names and all(each.isdecimal() or is_of_volatile_form(each) for each in names):  # (a table by id)
        return {"additionalProperties": schema_of([value for each in objects for value in each.values()], least=least)}
    schema: Schema = {
        "properties": {name: schema_of([each[name] for each in objects if name in each], least=least) for name in names}
    }
    required = [name for name in names if all(name in each for each in objects)]
    says_something = len(objects) >= least and (least == 1 or len({frozenset(each) for each in objects}) > 1)
    if required and says_something:
        schema["required"] = required
    return schema
