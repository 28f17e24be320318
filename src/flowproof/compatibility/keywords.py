"""What differs between the keywords of two schemas that speak of one value itself: types, values, limits, forms."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from flowproof.json_types import type_of

from .documents import Node
from .effective import Effective

__all__ = ["DOCUMENTATION", "Difference", "are_disjoint", "keyword_differences", "values_text"]

LEAST = {"minLength": 0, "minItems": 0, "minProperties": 0, "minContains": 1}
MOST = ("maxLength", "maxItems", "maxProperties", "maxContains")
FORMS = ("format", "pattern", "contentEncoding", "contentMediaType")
WIDER_FORMATS = {("int32", "int64"), ("float", "double")}
DOCUMENTATION = ("title", "description", "summary", "example", "examples", "externalDocs", "$comment")
MOST_VALUES = 5  # that a report names


@dataclass(frozen=True, slots=True)
class Difference:
    """
    A difference between two schemas.

    Args:
        last: The last part of its rule's id.
        what: What differs, in a few words.
        old: Where in the old document.
        new: Where in the new document.
    """

    last: str
    what: str
    old: Node | None
    new: Node | None


def keyword_differences(old: Effective, new: Effective) -> Iterator[Difference]:
    """All but those of properties, items, alternatives and conditions."""
    yield from _types_and_values(old, new)
    yield from _lower(old, new)
    yield from _upper(old, new)
    yield from _multiples(old, new)
    for keyword in FORMS:
        yield from _forms(keyword, old, new)
    yield from _flag("uniqueItems", "limit.tightened", "limit.loosened", old, new)
    if not old.flag("deprecated") and new.flag("deprecated"):
        yield Difference("deprecated", "deprecated", None, new.first("deprecated"))
    if old.values("default") != new.values("default"):
        what = f"default {values_text(old.values('default'))} → {values_text(new.values('default'))}"
        yield Difference("default.changed", what, old.first("default"), new.first("default"))
    for keyword in DOCUMENTATION:
        if old.values(keyword) != new.values(keyword):
            yield Difference("documentation", keyword, old.first(keyword), new.first(keyword))


def are_disjoint(old: Effective, new: Effective) -> bool:
    """Whether no type is allowed by both."""
    return not _types(old) & _types(new)


def values_text(values: Iterable[Any]) -> str:
    """Values as JSON, a few of them."""
    listed = [json.dumps(each, ensure_ascii=False, default=str) for each in values]
    more = f" and {len(listed) - MOST_VALUES} more" if len(listed) > MOST_VALUES else ""
    return ", ".join(listed[:MOST_VALUES]) + more if listed else "none"


def _types_and_values(old: Effective, new: Effective) -> Iterator[Difference]:
    before, after = old.constants(), new.constants()
    if (before is None and after is None) or are_disjoint(old, new):
        yield from _type_differences(old, new)
        return
    places = (old.first("enum") or old.first("const"), new.first("enum") or new.first("const"))
    if before is None or after is None:
        yield from _type_differences(old, new)
    if before is None:
        yield Difference("enum.removed", f"only {values_text(after or [])}", *places)
    elif after is None:
        yield Difference("enum.added", f"no longer only {values_text(before)}", *places)
    else:
        gone, come = _without(before, after), _without(after, before)
        if gone:
            yield Difference("enum.removed", values_text(gone), *places)
        if come:
            yield Difference("enum.added", values_text(come), *places)


def _type_differences(old: Effective, new: Effective) -> Iterator[Difference]:
    before, after = _types(old), _types(new)
    places = (old.first("type"), new.first("type"))
    gone, come = before - after, after - before
    if gone and come:
        yield Difference("type.changed", f"{_types_text(before)} → {_types_text(after)}", *places)
    elif gone:
        yield Difference("type.narrowed", f"{_types_text(before)} → {_types_text(after)}", *places)
    elif come:
        yield Difference("type.widened", f"{_types_text(before)} → {_types_text(after)}", *places)


def _types(schema: Effective) -> frozenset[str]:
    constants = schema.constants()
    return schema.types() if constants is None else frozenset(map(type_of, constants))


def _types_text(types: frozenset[str]) -> str:
    shown = types - {"integer"} if "number" in types else types
    return "anything" if len(types) == 7 else " or ".join(sorted(shown)) or "nothing"


def _without(values: Iterable[Any], others: list[Any]) -> list[Any]:
    return [each for each in values if not any(each == other and type(each) is type(other) for other in others)]


def _lower(old: Effective, new: Effective) -> Iterator[Difference]:
    yield from _bound("minimum", "exclusiveMinimum", old, new, sign=1)
    for keyword, least in LEAST.items():
        before = max([*old.values(keyword), least])
        after = max([*new.values(keyword), least])
        yield from _limit(keyword, before, after, after > before, old, new)


def _upper(old: Effective, new: Effective) -> Iterator[Difference]:
    yield from _bound("maximum", "exclusiveMaximum", old, new, sign=-1)
    for keyword in MOST:
        before, after = min(old.values(keyword), default=None), min(new.values(keyword), default=None)
        tighter = after is not None and (before is None or after < before)
        yield from _limit(keyword, before, after, tighter, old, new)


def _limit(
    keyword: str, before: Any, after: Any, tighter: bool, old: Effective, new: Effective
) -> Iterator[Difference]:
    if before != after:
        what = f"{keyword} {_shown(before)} → {_shown(after)}"
        last = "limit.tightened" if tighter else "limit.loosened"
        yield Difference(last, what, old.first(keyword), new.first(keyword))


def _bound(inclusive: str, exclusive: str, old: Effective, new: Effective, *, sign: int) -> Iterator[Difference]:
    """A bound of numbers, written in one of two keywords; OpenAPI 3.0 has the exclusive one as a boolean."""
    before, after = (_strictest(each, inclusive, exclusive, sign) for each in (old, new))
    if before == after:
        return
    tighter = after is not None and (before is None or after > before)
    what = f"{inclusive} {_bound_text(before, sign)} → {_bound_text(after, sign)}"
    places = (each.first(inclusive) or each.first(exclusive) for each in (old, new))
    yield Difference("limit.tightened" if tighter else "limit.loosened", what, *places)


def _strictest(schema: Effective, inclusive: str, exclusive: str, sign: int) -> tuple[Any, bool] | None:
    is_strict = schema.flag(exclusive)
    bounds = [(sign * value, is_strict) for value in schema.values(inclusive)]
    bounds += [(sign * value, True) for value in schema.values(exclusive) if not isinstance(value, bool)]
    return max(bounds, default=None)


def _bound_text(bound: tuple[Any, bool] | None, sign: int) -> str:
    return "none" if bound is None else f"{sign * bound[0]}{' (exclusive)' if bound[1] else ''}"


def _multiples(old: Effective, new: Effective) -> Iterator[Difference]:
    before, after = (each.values("multipleOf") for each in (old, new))
    if before == after:
        return
    if not before or (after and all(any(_is_multiple(each, of) for each in after) for of in before)):
        last = "limit.tightened"
    elif not after or all(any(_is_multiple(each, of) for each in before) for of in after):
        last = "limit.loosened"
    else:
        last = "format.changed"
    what = f"multipleOf {values_text(before)} → {values_text(after)}"
    yield Difference(last, what, old.first("multipleOf"), new.first("multipleOf"))


def _is_multiple(value: Any, of: Any) -> bool:
    return bool(value % of == 0)


def _forms(keyword: str, old: Effective, new: Effective) -> Iterator[Difference]:
    before, after = (frozenset(each.values(keyword)) for each in (old, new))
    gone, come = sorted(before - after), sorted(after - before)
    if not gone and not come:
        return
    what = f"{keyword} {values_text(gone)} → {values_text(come)}"
    yield Difference(_form_change(gone, come), what, old.first(keyword), new.first(keyword))


def _form_change(gone: list[str], come: list[str]) -> str:
    pair = (gone[0], come[0]) if len(gone) == len(come) == 1 else ("", "")
    if not gone or pair[::-1] in WIDER_FORMATS:
        return "format.added"
    if not come or pair in WIDER_FORMATS:
        return "format.removed"
    return "format.changed"


def _flag(keyword: str, tighter: str, looser: str, old: Effective, new: Effective) -> Iterator[Difference]:
    if old.flag(keyword) != new.flag(keyword):
        yield Difference(tighter if new.flag(keyword) else looser, keyword, old.first(keyword), new.first(keyword))


def _shown(value: Any) -> str:
    return "none" if value is None else str(value)
