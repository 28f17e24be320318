"""
Renders postback templates: the part of Handlebars that the provider's document uses, and an error for the rest.

Known: ``{{path}}`` with escaping as Handlebars does it, ``{{{path}}}`` and ``{{&path}}`` without; paths with ``.``,
``/``, ``this``, ``../`` and ``[any key]``; ``@index``, ``@first``, ``@last``, ``@key``, ``@root``; ``#if``,
``#unless``, ``#each`` and ``#with`` with ``else`` and ``else if``; comments; ``~`` and tags that stand alone on a line.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from .template_syntax import TemplateError, parse_template
from .template_whitespace import Block, Content, Output, Path, Program

__all__ = ["Steps", "Template", "TemplateError", "compile_template"]

ESCAPES: Mapping[int, str] = MappingProxyType(
    str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;", "`": "&#x60;", "=": "&#x3D;"})
)
LARGEST = 1024 * 1024  # characters of what is rendered
MOST_STEPS = 100_000  # statements, items of lists, and each 256 characters whose length is asked for
COUNTED = 256
NOTHING: Mapping[str, Any] = MappingProxyType({})  # what Handlebars hands to a block in place of null
MOST_INDEX = 2**32 - 1  # keys that JavaScript takes for indexes come first, by their number
MOST_DIGITS = 10  # of an index


@dataclass(slots=True)
class Steps:
    """How many steps are left for the templates of one event, all together."""

    left: int = MOST_STEPS

    def take(self, steps: int) -> None:
        """
        Count work, whether or not anything is written by it.

        Raises:
            TemplateError: There are no more steps.
        """
        self.left -= steps
        if self.left < 0:
            raise TemplateError(
                1, 1, f"the templates of the event take more than {MOST_STEPS} steps: statements and items of lists"
            )


@dataclass(frozen=True, slots=True)
class Template:
    program: Program

    def render(self, context: Any, steps: Steps | None = None) -> str:
        """
        The text for a context of JSON values.

        Args:
            context: JSON values.
            steps: What the rendering may take; by default as much as all templates of an event together.

        Raises:
            TemplateError: It gets larger than any postback may be, or takes too many steps.
        """
        return _Rendering(context, steps or Steps()).text(self.program)


def compile_template(source: str) -> Template:
    """
    Parse a template of the known subset.

    Raises:
        TemplateError: It does, or is broken; line and column say where.
    """
    return Template(parse_template(source))


class _Rendering:
    def __init__(self, root: Any, steps: Steps) -> None:
        self._root = root
        self._steps = steps
        self._pieces: list[str] = []
        self._size = 0

    def text(self, program: Program) -> str:
        self._run(program, (self._root,), {"root": self._root})
        return "".join(self._pieces)

    def _run(self, program: Program, contexts: tuple[Any, ...], data: Mapping[str, Any]) -> None:
        for statement in program.body:
            self._steps.take(1)
            match statement:
                case Content():
                    self._write(statement.value)
                case Output():
                    text = self._text(self._read(statement.path, contexts, data))
                    self._write(text.translate(ESCAPES) if statement.is_escaped else text)
                case Block():
                    self._run_block(statement, contexts, data)

    def _run_block(self, block: Block, contexts: tuple[Any, ...], data: Mapping[str, Any]) -> None:
        value, done = self._read(block.path, contexts, data), False
        here = contexts if contexts[0] is not None else (NOTHING, *contexts[1:])
        match block.helper:
            case "each":
                self._steps.take(len(value) if isinstance(value, list | dict) else 0)
                for item, frame in _items(value):
                    self._run(block.program, _entered(item, contexts), {**data, **frame})
                    done = True
            case "with":
                done = not _is_empty(value)
                if done:
                    self._run(block.program, _entered(value, contexts), data)
            case helper:
                done = _is_true(value) == (helper == "if")
                if done:
                    self._run(block.program, here, data)
        if not done and block.inverse is not None:
            self._run(block.inverse, here, data)

    def _write(self, text: str) -> None:
        self._pieces.append(text)
        self._size += len(text)
        if self._size > LARGEST:
            raise TemplateError(1, 1, f"it renders to more than {LARGEST} characters")

    def _read(self, path: Path, contexts: tuple[Any, ...], data: Mapping[str, Any]) -> Any:
        value: Any = data if path.is_data else contexts[path.depth] if path.depth < len(contexts) else None
        self._steps.take(len(path.keys))
        for key in path.keys:
            if isinstance(value, str):
                self._steps.take(len(value) // COUNTED)
            value = _member(value, key)
        return value

    def _text(self, value: Any) -> str:
        """A JSON value as JavaScript writes it into a text."""
        if not isinstance(value, list):
            return as_text(value)
        self._steps.take(len(value))
        return ",".join(map(self._text, value))


def _entered(value: Any, contexts: tuple[Any, ...]) -> tuple[Any, ...]:
    """The contexts inside a block. A context equal to the outer one adds no level."""
    outer = None if contexts[0] is NOTHING else contexts[0]
    same = value is outer or (not isinstance(value, dict | list) and value == outer)
    return (value, *contexts[1:]) if same else (value, *contexts)


def _member(value: Any, key: str) -> Any:
    match value:
        case Mapping():
            return value.get(key)
        case str() | list() if key == "length":
            return len(value.encode("utf-16-le", "surrogatepass")) // 2 if isinstance(value, str) else len(value)
        case list() if _is_index(key) and int(key) < len(value):
            return value[int(key)]
        case str() if _is_index(key) and int(key) < len(value):
            return value[int(key)]
        case _:
            return None


def _items(value: Any) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    """The items of an ``#each``, each with its ``@`` data."""
    pairs: Sequence[tuple[Any, Any]] = ()
    if isinstance(value, list):
        pairs = list(enumerate(value))
    elif isinstance(value, dict):
        indexes = sorted((key for key in value if _is_index(key)), key=int)
        pairs = [(key, value[key]) for key in (*indexes, *(key for key in value if not _is_index(key)))]
    for index, (key, item) in enumerate(pairs):
        yield item, {"key": key, "index": index, "first": index == 0, "last": index == len(pairs) - 1}


def _is_index(key: str) -> bool:
    if len(key) > MOST_DIGITS or not (key.isascii() and key.isdecimal()):
        return False
    return str(int(key)) == key and int(key) < MOST_INDEX


def _is_empty(value: Any) -> bool:
    return value is None or value is False or value in ("", [])


def _is_true(value: Any) -> bool:
    return not _is_empty(value) and not (isinstance(value, int | float) and value == 0)


def as_text(value: Any) -> str:
    """A JSON value other than a list as JavaScript writes it into a text."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case int() | float():
            return _number(value)
        case _:
            return "[object Object]"


def _number(value: float) -> str:
    """A number as JavaScript writes it: every number is a double there."""
    double = float(value)
    if not math.isfinite(double):
        return "NaN" if math.isnan(double) else "Infinity" if double > 0 else "-Infinity"
    if double == 0:
        return "0"
    sign, digits, exponent = Decimal(repr(double)).normalize().as_tuple()
    shown, places = "".join(map(str, digits)), len(digits) + int(exponent)
    if 0 < places <= 21:
        whole = shown[:places].ljust(places, "0")
        text = whole + (f".{shown[places:]}" if len(shown) > places else "")
    elif -6 < places <= 0:
        text = f"0.{'0' * -places}{shown}"
    else:
        text = f"{shown[0]}{'.' + shown[1:] if len(shown) > 1 else ''}e{places - 1:+d}"
    return f"-{text}" if sign else text
