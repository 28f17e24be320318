"""Parses a template into statements, or raises an error that names the unknown part and its place."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NoReturn

from flowproof.errors import FlowproofError

from . import template_whitespace as whitespace
from .template_whitespace import Block, Comment, Content, Output, Path, Program, Strip

__all__ = ["TemplateError", "parse_template"]

KNOWN_BLOCKS = ("if", "unless", "each", "with")
KNOWN_DATA = ("index", "first", "last", "key", "root")
# Names that stand for Handlebars' own helpers where they stand alone.
HELPERS = frozenset({*KNOWN_BLOCKS, "lookup", "log", "helperMissing", "blockHelperMissing"})
LITERALS = frozenset({"true", "false", "null", "undefined"})
DEEPEST = 32
TAG = re.compile(
    r"\{\{(?P<left>~?)(?:"
    r"!--(?P<long>.*?)--(?P<long_right>~?)\}\}"
    r"|!(?!--)(?P<short>.*?)\}\}"
    r"|\{(?P<raw>[^{}]*)\}(?P<raw_right>~?)\}\}"
    r"|(?P<inner>[^{}]*?)(?P<right>~?)\}\}"
    r")",
    re.DOTALL,
)
IDENTIFIER = r"[^\s!\"#%-,./;->@\[-^`{-~]+"
PATH = re.compile(
    rf"@?(?:\.\.(?=[./]|\Z)|\.(?=/|\Z)|\[[^\]]*\]|{IDENTIFIER})(?:[./](?:\.\.|\[[^\]]*\]|{IDENTIFIER}))*",
)
SEGMENT = re.compile(rf"(\.\.|\[[^\]]*\]|{IDENTIFIER}|^\.)")


@dataclass(eq=False)
class TemplateError(FlowproofError):
    """
    A template cannot be used.

    Args:
        line: Where, counted from 1.
        column: Where in the line, counted from 1.
        what: What is wrong there.
    """

    line: int
    column: int
    what: str

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.what}"


@dataclass(frozen=True, slots=True)
class Tag:
    """One ``{{…}}`` of a template."""

    at: int
    kind: str
    text: str
    strip: Strip


@dataclass
class Reader:
    """
    A recursive-descent parser of one template.

    Args:
        source: Its text.
    """

    source: str
    parts: list[Content | Tag] = field(default_factory=list)
    place: int = 0

    def program(self) -> Program:
        self.parts = list(self._cut())
        read = self._body(None)
        whitespace.strip_whitespace(read)
        return read

    def _cut(self) -> Iterator[Content | Tag]:
        at = 0
        while (found := self.source.find("{{", at)) >= 0:
            if found > at:
                yield Content(self.source[at:found])
            if found and self.source[found - 1] == "\\":
                self._fail(found - 1, "a backslash before {{ (escaped mustache) is not known")
            if self.source.startswith("{{{{", found):
                self._fail(found, "{{{{ (raw block) is not known")
            tag = TAG.match(self.source, found)
            if tag is None:
                self._fail(found, "this {{ is not closed by }}, or has a brace inside")
            yield (read := self._tag(tag))
            at = tag.end()
            if read.kind not in ("comment", "else") and self.source.startswith("}", at):
                self._fail(at - 2, "}}} closes {{{ only; put a blank between the braces of the tag and the next one")
        if at < len(self.source):
            yield Content(self.source[at:])

    def _tag(self, tag: re.Match[str]) -> Tag:
        left, at = bool(tag["left"]), tag.start()
        if tag["long"] is not None:
            return Tag(at, "comment", "", Strip(left, bool(tag["long_right"])))
        if tag["short"] is not None:
            return Tag(at, "comment", "", Strip(left, tag["short"].endswith("~")))
        if tag["raw"] is not None:
            return Tag(at, "raw", tag["raw"].strip(), Strip(left, bool(tag["raw_right"])))
        inner, strip = tag["inner"], Strip(left, bool(tag["right"]))
        for sign, what in ((">", "a partial"), ("*", "a decorator"), ("#>", "a partial block"), ("#*", "a decorator")):
            if inner.startswith(sign):
                self._fail(at, f"{_shown(tag)} is {what}, which is not known")
        if inner.strip() == "^" or re.match(r"\s*else\b", inner):
            return Tag(at, "else", inner.strip().removeprefix("^").removeprefix("else").strip(), strip)
        for sign, kind in (("#", "open"), ("/", "close"), ("&", "raw")):
            if inner.startswith(sign):
                return Tag(at, kind, inner[1:].strip(), strip)
        if inner.startswith("^"):
            self._fail(at, f"{_shown(tag)} is an inverted section, which is not known; write #unless")
        return Tag(at, "output", inner.strip(), strip)

    def _body(self, block: Tag | None, depth: int = 0) -> Program:
        """Statements up to the tag that closes or divides the block; that tag is not consumed."""
        body: list[Content | Output | Block | Comment] = []
        while self.place < len(self.parts):
            part = self.parts[self.place]
            if isinstance(part, Tag) and part.kind in ("close", "else"):
                if block is None:
                    self._fail(
                        part.at,
                        f"no block is open to which {'else' if part.kind == 'else' else '/' + part.text} could belong",
                    )
                return Program(body)
            self.place += 1
            if isinstance(part, Content):
                body.append(part)
            elif part.kind == "comment":
                body.append(Comment(part.strip))
            elif part.kind == "open":
                body.append(self._block(part, depth + 1))
            else:
                body.append(Output(self._value(part), part.kind == "output", part.strip))
        if block is not None:
            self._fail(block.at, f"the block #{block.text} is not closed")
        return Program(body)

    def _block(self, opening: Tag, depth: int) -> Block:
        block = self._opened(opening, depth)
        close = self._divided(block, opening, depth)
        if close.text != block.helper:
            self._fail(close.at, f"/{close.text} does not close #{block.helper}")
        block.close_strip = close.strip
        if block.inverse is not None and block.inverse.chained:
            chained = block.inverse.body[0]
            if isinstance(chained, Block):
                chained.close_strip = close.strip
        return block

    def _opened(self, opening: Tag, depth: int) -> Block:
        if depth > DEEPEST:
            self._fail(opening.at, f"more than {DEEPEST} blocks inside each other")
        helper, *arguments = opening.text.split(None, 1) or [""]
        if helper not in KNOWN_BLOCKS:
            known = ", ".join(f"#{each}" for each in KNOWN_BLOCKS)
            self._fail(opening.at, f"the block #{helper} is not known; known are {known}")
        if not arguments:
            self._fail(opening.at, f"#{helper} needs something to look at, such as #{helper} data")
        return Block(helper, self._path(arguments[0], opening.at, f"the argument of #{helper}"), opening.strip)

    def _divided(self, block: Block, opening: Tag, depth: int) -> Tag:
        """Parse a block's statements and those of its else; returns the closing tag."""
        block.program = self._body(opening, depth)
        tag = self._taken()
        if tag.kind == "close":
            return tag
        block.inverse_strip = tag.strip
        if not tag.text:
            block.inverse = self._body(opening, depth)
            close = self._taken()
            if close.kind == "else":
                self._fail(close.at, f"#{block.helper} has a second else")
            return close
        chained = self._opened(Tag(tag.at, "open", tag.text, tag.strip), depth + 1)
        close = self._divided(chained, opening, depth + 1)
        if chained.inverse is not None and chained.inverse.chained and isinstance(chained.inverse.body[0], Block):
            chained.inverse.body[0].close_strip = chained.inverse_strip
        chained.close_strip = chained.inverse_strip
        block.inverse = Program([chained], chained=True)
        return close

    def _taken(self) -> Tag:
        part = self.parts[self.place]
        self.place += 1
        if not isinstance(part, Tag):
            raise TypeError("a body ends at a tag")
        return part

    def _value(self, tag: Tag) -> Path:
        path = self._path(tag.text, tag.at, "{{…}}")
        if tag.text in HELPERS:
            self._fail(
                tag.at, f"{tag.text} is a helper of Handlebars here; for a field of that name write this.{tag.text}"
            )
        return path

    def _path(self, text: str, at: int, where: str) -> Path:
        if not text:
            self._fail(at, f"{where} is empty")
        if not PATH.fullmatch(text):
            self._fail(at, f"{where} holds {text!r}, which is no plain path; helpers, literals and (…) are not known")
        if text in LITERALS or re.fullmatch(r"-?\d+(\.\d+)?", text):
            self._fail(at, f"{where} holds {text}, a literal, which is not known")
        is_data = text.startswith("@")
        depth, keys = 0, list[str]()
        for segment in SEGMENT.findall(text.removeprefix("@")):
            if segment in ("..", ".", "this"):
                if keys:
                    self._fail(at, f"in {text} stands {segment!r} behind a name")
                depth += segment == ".."
            elif segment.isdecimal():
                self._fail(at, f"in {text} stands the number {segment}; write [{segment}]")
            else:
                keys.append(segment[1:-1] if segment.startswith("[") else segment)
        if is_data and (depth or not keys or keys[0] not in KNOWN_DATA or (keys[0] != "root" and len(keys) > 1)):
            known = ", ".join(f"@{each}" for each in KNOWN_DATA)
            self._fail(at, f"{text} is not known; known are {known}")
        return Path(is_data, depth, tuple(keys))

    def _fail(self, at: int, what: str) -> NoReturn:
        before = self.source[:at]
        raise TemplateError(before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1, what)


def parse_template(source: str) -> Program:
    """
    Parse a template.

    Raises:
        TemplateError: It has something that is not known, or is broken.
    """
    return Reader(source).program()


def _shown(tag: re.Match[str]) -> str:
    return tag[0] if len(tag[0]) <= 40 else f"{tag[0][:37]}…}}}}"
