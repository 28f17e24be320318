"""
The statements of a template, and the whitespace around them that is removed: by ``~``, and around standalone tags.

The order of the steps is Handlebars' own (4.7, whitespace-control): each decides what the next one finds.
"""

from dataclasses import dataclass, field

__all__ = ["Block", "Comment", "Content", "Output", "Path", "Program", "Strip", "strip_whitespace"]

# What JavaScript's \s matches. (str.strip takes one look at each character; an expression would look back again.)
BLANKS = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)


@dataclass(frozen=True, slots=True)
class Strip:
    """Whether a tag removes the whitespace before and after it."""

    open: bool = False
    close: bool = False


NO_STRIP = Strip()


@dataclass(frozen=True, slots=True)
class Path:
    """What a tag reads: a number of contexts up, or the ``@`` data, then key by key."""

    is_data: bool
    depth: int
    keys: tuple[str, ...]


class Content:
    """Text, with what was removed of it so far."""

    __slots__ = ("left_stripped", "original", "right_stripped", "value")

    def __init__(self, text: str) -> None:
        self.original = self.value = text
        self.left_stripped = self.right_stripped = False

    def drop_at_start(self, *, all_blanks: bool) -> None:
        """Remove all leading whitespace, or that of the first line if not done yet."""
        if all_blanks or not self.right_stripped:
            kept = self.value.lstrip(BLANKS if all_blanks else " \t")
            kept = kept if all_blanks else kept.removeprefix("\r").removeprefix("\n")
            self.right_stripped, self.value = kept != self.value, kept

    def drop_at_end(self, *, all_blanks: bool) -> None:
        """Remove all trailing whitespace, or that of the last line if not done yet."""
        if all_blanks or not self.left_stripped:
            kept = self.value.rstrip(BLANKS if all_blanks else " \t")
            self.left_stripped, self.value = kept != self.value, kept


@dataclass(slots=True)
class Output:
    path: Path
    is_escaped: bool
    strip: Strip


@dataclass(slots=True)
class Comment:
    strip: Strip


@dataclass(slots=True)
class Program:
    """Statements in their order; ``chained`` where they are the block of an ``else if``."""

    body: "list[Content | Output | Comment | Block]"
    chained: bool = False


@dataclass(slots=True)
class Block:
    """``#if``, ``#unless``, ``#each`` or ``#with``."""

    helper: str
    path: Path
    open_strip: Strip
    program: Program = field(default_factory=lambda: Program([]))
    inverse: Program | None = None
    inverse_strip: Strip = NO_STRIP
    close_strip: Strip = NO_STRIP


@dataclass(frozen=True, slots=True)
class _Alone:
    """What a statement removes, and where it could be a standalone tag."""

    strip: Strip
    opens: bool = False
    closes: bool = False
    inline: bool = False


def strip_whitespace(program: Program, *, is_root: bool = True) -> None:
    """Remove whitespace from a program's content, in place."""
    body = program.body
    for index, current in enumerate(body):
        found = _looked_at(current)
        if found is None:
            continue
        before, after = _is_blank_before(body, index, is_root=is_root), _is_blank_after(body, index, is_root=is_root)
        if found.strip.close:
            _drop_after(body, index, all_blanks=True)
        if found.strip.open:
            _drop_before(body, index, all_blanks=True)
        if found.inline and before and after:
            _drop_after(body, index)
            _drop_before(body, index)
        if isinstance(current, Block) and found.opens and before:
            _drop_after(current.program.body, -1)
            _drop_before(body, index)
        if isinstance(current, Block) and found.closes and after:
            _drop_after(body, index)
            last = (current.inverse or current.program).body
            _drop_before(last, len(last))


def _looked_at(statement: Content | Output | Comment | Block) -> _Alone | None:
    match statement:
        case Output():
            return _Alone(statement.strip)
        case Comment():
            return _Alone(statement.strip, inline=True)
        case Block():
            return _looked_at_block(statement)
        case _:
            return None


def _looked_at_block(block: Block) -> _Alone:
    strip_whitespace(block.program, is_root=False)
    program, inverse = block.program.body, block.inverse
    if inverse is None:
        found = _Alone(
            Strip(block.open_strip.open, block.close_strip.close),
            opens=_is_blank_after(program, -1),
            closes=_is_blank_before(program, len(program)),
        )
        if block.open_strip.close:
            _drop_after(program, -1, all_blanks=True)
        if block.close_strip.open:
            _drop_before(program, len(program), all_blanks=True)
        return found
    strip_whitespace(inverse, is_root=False)
    return _looked_at_both(block, program, inverse)


def _looked_at_both(block: Block, program: "list[Content | Output | Comment | Block]", inverse: Program) -> _Alone:
    first, last = _first_and_last(inverse)
    found = _Alone(
        Strip(block.open_strip.open, block.close_strip.close),
        opens=_is_blank_after(program, -1),
        closes=_is_blank_before(first.body, len(first.body)),
    )
    if block.open_strip.close:
        _drop_after(program, -1, all_blanks=True)
    if block.inverse_strip.open:
        _drop_before(program, len(program), all_blanks=True)
    if block.inverse_strip.close:
        _drop_after(first.body, -1, all_blanks=True)
    if block.close_strip.open:
        _drop_before(last.body, len(last.body), all_blanks=True)
    if _is_blank_before(program, len(program)) and _is_blank_after(first.body, -1):
        _drop_before(program, len(program))
        _drop_after(first.body, -1)
    return found


def _first_and_last(inverse: Program) -> tuple[Program, Program]:
    """The statements of the first else, and those at the end of the chain of ``else if``."""
    first = last = inverse
    if inverse.chained and isinstance(inverse.body[0], Block):
        first = inverse.body[0].program
    while last.chained and isinstance(last.body[-1], Block):
        last = last.body[-1].program
    return first, last


def _is_blank_before(body: "list[Content | Output | Comment | Block]", index: int, *, is_root: bool = False) -> bool:
    if index == 0:
        return is_root
    before = body[index - 1]
    if not isinstance(before, Content):
        return False
    kept = len(before.original.rstrip(BLANKS))
    return "\n" in before.original[kept:] or (is_root and index == 1 and kept == 0)


def _is_blank_after(body: "list[Content | Output | Comment | Block]", index: int, *, is_root: bool = False) -> bool:
    if index + 1 >= len(body):
        return is_root
    after = body[index + 1]
    if not isinstance(after, Content):
        return False
    blanks = len(after.original) - len(after.original.lstrip(BLANKS))
    is_last = is_root and index + 2 == len(body)
    return "\n" in after.original[:blanks] or (is_last and blanks == len(after.original))


def _drop_after(body: "list[Content | Output | Comment | Block]", index: int, *, all_blanks: bool = False) -> None:
    after = body[index + 1] if index + 1 < len(body) else None
    if isinstance(after, Content):
        after.drop_at_start(all_blanks=all_blanks)


def _drop_before(body: "list[Content | Output | Comment | Block]", index: int, *, all_blanks: bool = False) -> None:
    before = body[index - 1] if index > 0 else None
    if isinstance(before, Content):
        before.drop_at_end(all_blanks=all_blanks)
