"""
Values that a schema allows, drawn from a seeded random number generator: examples first, then what the keywords say.

Every value is checked by the contract's own validator; of several attempts the first that is valid is taken.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random
from typing import Any
from uuid import UUID

from flowproof.conformance.schemas import Schemas

from .schema_reader import SchemaReader

__all__ = ["Generator", "Occasion"]

DEEPEST = 5
WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "harbor", "islet", "juniper")


@dataclass(frozen=True, slots=True)
class Occasion:
    """
    When and by which chance a value is made.

    Args:
        rng: Seeded.
        now: Aware, UTC.
        hidden: Which members are left out: `writeOnly` of responses, `readOnly` of requests.
    """

    rng: Random
    now: datetime
    hidden: str = "writeOnly"


@dataclass(frozen=True, slots=True)
class Manner:
    """
    How a value is made.

    Args:
        whole: Down to which depth objects have all their members and lists an entry, below only what is required.
        branch: Which of several branches is taken.
        shown: Whether examples and defaults of schemas are taken.
    """

    whole: int = 0
    branch: int = 0
    shown: bool = True

    @property
    def bare(self) -> "Manner":
        """The same with what is required alone."""
        return replace(self, whole=0)


BARE = Manner()
MANNERS = (
    Manner(whole=2),
    BARE,
    Manner(whole=2, shown=False),
    Manner(shown=False),
    *(Manner(whole, branch) for branch in (1, 2) for whole in (2, 0)),
    *(Manner(4, branch) for branch in (0, 1, 2)),
)
"""One after the other is tried until a value is valid; documents contradict themselves in examples and branches."""


class Generator:
    """
    Makes values of the schemas of one contract.

    Args:
        reader: Of the document.
        schemas: Validate what is made.
    """

    def __init__(self, reader: SchemaReader, schemas: Schemas) -> None:
        self._reader = reader
        self._schemas = schemas

    def value(self, pointer: str, occasion: Occasion) -> Any:
        """A value of the schema at a pointer; the last attempt where none is valid."""
        schema, uri = self._reader.at(pointer), self._schemas.uri_of_pointer(pointer)
        value: Any = None
        for manner in MANNERS:
            value = self._made(schema, occasion, 0, manner)
            if self._schemas.accepts(uri, value):
                return value
        for branch in self._branches(schema):
            value = self._made(branch, occasion, 0, BARE)
            if self._schemas.accepts(uri, value):
                return value
        return value

    def of_schema(self, schema: Any, occasion: Occasion) -> Any:
        """A value of a schema, unchecked."""
        return self._made(schema, occasion, 0, BARE)

    def _branches(self, schema: Any) -> Iterator[Any]:
        flat = self._reader.flat(schema)
        for keyword in ("oneOf", "anyOf"):
            yield from flat.get(keyword, ()) if isinstance(flat.get(keyword), list) else ()

    def _made(self, schema: Any, occasion: Occasion, depth: int, manner: Manner) -> Any:
        flat = self._reader.flat(schema)
        found = _given(flat, manner)
        if found is not NOTHING:
            return found
        branches = list(self._branches(flat))
        if branches and "properties" not in flat:
            return self._of_branches(branches, flat, occasion, depth, manner)
        made = self._of_type(flat, occasion, depth, manner)
        if branches and isinstance(made, dict):
            inner = self._of_branches(branches, flat, occasion, depth, manner)
            made = {**(inner if isinstance(inner, dict) else {}), **made}
        return made

    def _of_type(self, flat: Mapping[str, Any], occasion: Occasion, depth: int, manner: Manner) -> Any:
        kind = self._reader.type_of(flat)
        match kind:
            case "object":
                return self._object(flat, occasion, depth, manner)
            case "array":
                return self._array(flat, occasion, depth, manner)
            case "integer" | "number":
                return _number(flat, occasion.rng, kind)
            case "boolean":
                return occasion.rng.random() < 0.5
            case "string":
                return text(flat, occasion)
        return None if flat.get("type") in ("null", ["null"]) else _anything(flat)

    def _of_branches(
        self, branches: list[Any], flat: Mapping[str, Any], occasion: Occasion, depth: int, manner: Manner
    ) -> Any:
        others = [each for each in branches if self._reader.flat(each).get("type") != "null"]
        chosen = others[manner.branch % len(others)] if others else branches[0]
        if depth > DEEPEST:
            simple = [each for each in branches if self._reader.type_of(each) not in ("object", "array")]
            chosen = simple[0] if simple else chosen
        made = self._made(chosen, occasion, depth + 1, manner)
        return self._discriminated(flat, chosen, made)

    def _discriminated(self, flat: Mapping[str, Any], chosen: Any, made: Any) -> Any:
        """The value with the member that names its branch, as `discriminator` asks for."""
        discriminator = flat.get("discriminator")
        if not isinstance(discriminator, dict) or not isinstance(made, dict) or not isinstance(chosen, dict):
            return made
        reference = str(chosen.get("$ref", ""))
        mapping = discriminator.get("mapping")
        named = mapping.items() if isinstance(mapping, dict) else ()
        name = next((each for each, target in named if target == reference), reference.rpartition("/")[2])
        member = str(discriminator.get("propertyName", ""))
        declared = self._reader.flat(self._reader.properties(chosen).get(member, {}))
        if member and name and not ("enum" in declared and name not in declared["enum"]):
            return {**made, member: declared.get("const", name)}
        return made

    def _object(self, flat: Mapping[str, Any], occasion: Occasion, depth: int, manner: Manner) -> dict[str, Any]:
        properties = flat["properties"] if isinstance(flat.get("properties"), dict) else {}
        required = flat["required"] if isinstance(flat.get("required"), list) else []
        made: dict[str, Any] = {}
        for name, each in properties.items():
            inner = self._reader.flat(each)
            is_hidden = inner.get(occasion.hidden) is True or inner.get("not") == {} or each is False
            if name in required or (depth < manner.whole and not is_hidden):
                made[name] = self._made(each, occasion, depth + 1, manner)
        for name in required:
            if name not in made:
                made[name] = self._made(flat.get("additionalProperties", {}), occasion, depth + 1, manner.bare)
        lacking = int(flat.get("minProperties", 0) or 0) - len(made)
        for number in range(max(lacking, 0)):
            free = next((name for name in properties if name not in made), f"{WORDS[number % len(WORDS)]}{number}")
            made[free] = self._made(
                properties.get(free, flat.get("additionalProperties", {})), occasion, depth + 1, manner.bare
            )
        return made

    def _array(self, flat: Mapping[str, Any], occasion: Occasion, depth: int, manner: Manner) -> list[Any]:
        least = int(flat.get("minItems", 0) or 0)
        number = least if depth >= DEEPEST or not manner.whole else max(least, 1)
        most = flat.get("maxItems")
        number = min(number, most) if isinstance(most, int) else number
        items = flat.get("items", {})
        made: list[Any] = []
        for index in range(number):
            value = self._made(items, occasion, depth + 1, manner)
            if flat.get("uniqueItems") and value in made:
                value = _another(self._reader.flat(items), value, made, index)
            made.append(value)
        return made


NOTHING = object()


def _given(flat: Mapping[str, Any], manner: Manner) -> Any:
    """The value that a schema itself gives: a constant, an example, a default, the first of an enum."""
    for name in ("const", "example", "default") if manner.shown else ("const",):
        if name in flat:
            return flat[name]
    if manner.shown and isinstance(flat.get("examples"), list) and flat["examples"]:
        return flat["examples"][0]
    if isinstance(flat.get("enum"), list):
        return next((each for each in flat["enum"] if each is not None), None)
    return NOTHING


def _another(items: Mapping[str, Any], value: Any, taken: list[Any], index: int) -> Any:
    """A value that is not among others, for a list of unique items."""
    choices = items.get("enum")
    if isinstance(choices, list):
        return next((each for each in choices if each not in taken), value)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + index
    return f"{value}{index}" if isinstance(value, str) else value


def _anything(flat: Mapping[str, Any]) -> Any:
    """A value where no type is named."""
    if any(name in flat for name in ("minLength", "maxLength", "pattern", "format")):
        return WORDS[0]
    return 0 if any(name in flat for name in ("minimum", "maximum", "multipleOf")) else {}


def _number(flat: Mapping[str, Any], rng: Random, kind: str) -> int | float:
    step = flat.get("multipleOf") if _is_number(flat.get("multipleOf")) and flat["multipleOf"] > 0 else None
    least = [flat[name] for name in ("minimum", "exclusiveMinimum") if _is_number(flat.get(name))]
    most = [flat[name] for name in ("maximum", "exclusiveMaximum") if _is_number(flat.get(name))]
    low = max(least) if least else (min(most) - 100 if most else 1)
    high = min(most) if most else low + 100
    if kind == "number" and step is None and not (float(low).is_integer() and low < high - 1):
        return low if not least or "exclusiveMinimum" not in flat else (low + high) / 2
    unit = step or 1
    first = -(-low // unit) * unit
    if "exclusiveMinimum" in flat and first <= flat["exclusiveMinimum"]:
        first += unit
    steps = max(0, int((high - first) // unit) - ("exclusiveMaximum" in flat))
    value = first + unit * rng.randint(0, min(steps, 1000))
    return int(value) if kind == "integer" or float(value).is_integer() else value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def text(flat: Mapping[str, Any], occasion: Occasion) -> str:
    """A text by format, pattern and length."""
    rng, now = occasion.rng, occasion.now
    least, most = int(flat.get("minLength", 0) or 0), flat.get("maxLength")
    if isinstance(flat.get("pattern"), str):
        return _matching(flat["pattern"], rng, least, most if isinstance(most, int) else None)
    word = f"{WORDS[rng.randrange(len(WORDS))]}-{rng.randrange(1000, 10_000)}"
    formats: Mapping[str, str] = {
        "date": now.date().isoformat(),
        "date-time": now.replace(microsecond=0).isoformat().replace("+00:00", "Z"),
        "time": now.strftime("%H:%M:%SZ"),
        "duration": "P1D",
        "email": f"{word}@example.com",
        "idn-email": f"{word}@example.com",
        "hostname": f"{word}.example.com",
        "ipv4": f"192.0.2.{rng.randrange(1, 255)}",
        "ipv6": f"2001:db8::{rng.randrange(1, 0xFFFF):x}",
        "uri": f"https://example.com/{word}",
        "url": f"https://example.com/{word}",
        "uri-reference": f"/{word}",
        "uuid": str(UUID(int=rng.getrandbits(128), version=4)),
        "time-zone": "Etc/UTC",
        "json-pointer": "/a",
        "regex": "^a$",
    }
    made = formats.get(str(flat.get("format")), "")
    if not made and flat.get("contentEncoding") == "base64":
        made = "Zmxvd3Byb29m"
    if made:
        return made
    made = word.ljust(least, "x")
    return made[:most] if isinstance(most, int) else made


def _matching(pattern: str, rng: Random, least: int, most: int | None) -> str:
    """A text that matches a pattern: one of the usual, or one that is drawn from the pattern."""
    import rstr  # noqa: PLC0415 (few documents have patterns)

    found = ""
    for _ in range(8):
        try:
            found = rstr.Rstr(rng).xeger(pattern)
        except Exception:  # noqa: BLE001 (a pattern of ECMAScript that Python does not read)
            return WORDS[0]
        if len(found) >= least and (most is None or len(found) <= most):
            return found
    return found
