"""
Why a test can run only where there is a control API, as its skip says it.

A mark says it: `needs_control("changes the account set-up")`. Else it is read from the code that the test runs: its
own, that of its fixtures, and that of the suite's functions and classes that they name. Loaded only where a test is
skipped.
"""

import dis
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

__all__ = ["purpose_of"]

MARK = "needs_control"
OWN_WORKSPACE = "needs an account of its own, which nobody else changes"
LOADS = frozenset({"LOAD_ATTR", "LOAD_METHOD"})
SETTING = frozenset({"advance", "freeze", "set"})
PURPOSES: Mapping[str, str] = types.MappingProxyType(
    {
        "faults": "makes things go wrong on purpose",
        "webhooks": "controls the sending of webhooks",
        "replace_seed": "changes the account set-up",
        "seed": "reads the account set-up",
        "control": "uses the provider's own part of the control API",
        "snapshot": "takes a snapshot",
        "restore": "restores a snapshot",
        "journal": "reads the journal",
    }
)
"""What a test does with its workspace, by the part of the handle that its code names."""
FACTORY = "make_workspace"
ACCOUNTS = "makes accounts of its own"


def purpose_of(item: pytest.Item | None) -> str:
    """What a test needs a control API for, such as `sets the clock and reads the journal`."""
    if item is None:
        return OWN_WORKSPACE
    mark = item.get_closest_marker(MARK)
    if mark is not None and mark.args:
        return str(mark.args[0])
    fixtures = getattr(item, "fixturenames", ())
    attributes: dict[str, None] = {}
    sets_clock = False
    for code in _codes(item):
        named = [each.argval for each in dis.get_instructions(code) if each.opname in LOADS]
        attributes |= dict.fromkeys(named)
        sets_clock = sets_clock or ("clock" in named and not SETTING.isdisjoint(named))
    found = [PURPOSES[each] for each in PURPOSES if each in attributes]
    clock = ["sets the clock"] if sets_clock else []
    accounts = [ACCOUNTS] if FACTORY in fixtures and not (clock or found) else []
    return _listed([*clock, *found, *accounts]) or OWN_WORKSPACE


def _listed(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _codes(item: pytest.Item) -> Iterator[types.CodeType]:
    """The code of a test, of its fixtures in the same suite, and of what these name there."""
    package = getattr(getattr(item, "module", None), "__name__", "").rpartition(".")[0]
    definitions = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    waiting: list[Any] = [
        getattr(item, "function", None),
        getattr(item, "cls", None),
        *(each.func for found in definitions.values() for each in found[-1:] if _is_of(each.func, package)),
    ]
    seen: set[int] = set()
    while waiting:
        current = waiting.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        for function in _functions(current):
            for code in _nested(function.__code__):
                yield code
                names = (function.__globals__.get(each) for each in code.co_names)
                waiting += [each for each in names if _is_of(each, package)]
            cells = (each.cell_contents for each in function.__closure__ or () if _is_filled(each))
            waiting += [each for each in cells if _is_of(each, package)]


def _functions(value: Any) -> Iterator[types.FunctionType]:
    """The functions of a value: itself, what it wraps, or the methods of a class, a state machine's included."""
    handle = getattr(value, "hypothesis", None)
    for each in (value, getattr(value, "__wrapped__", None), getattr(handle, "inner_test", None)):
        if isinstance(each, types.FunctionType):
            yield each
    if isinstance(value, type):
        for base in value.__mro__:
            if not base.__module__.startswith(("builtins", "hypothesis", "unittest")):
                for each in vars(base).values():
                    rules = vars(each).values() if isinstance(each, types.FunctionType) else ()  # Hypothesis's
                    for inner in (getattr(each, "fget", each), *(getattr(rule, "function", None) for rule in rules)):
                        if isinstance(inner, types.FunctionType):
                            yield inner


def _nested(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for each in code.co_consts:
        if isinstance(each, types.CodeType):
            yield from _nested(each)


def _is_of(value: Any, package: str) -> bool:
    """Whether a function or class is defined in the package of a suite."""
    module = getattr(value, "__module__", None)
    is_code = isinstance(value, types.FunctionType | type)
    return is_code and bool(package) and isinstance(module, str) and f"{module}.".startswith(f"{package}.")


def _is_filled(cell: types.CellType) -> bool:
    try:
        _ = cell.cell_contents
    except ValueError:
        return False
    return True
