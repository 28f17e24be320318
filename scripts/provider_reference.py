"""
Writes docs/provider-reference.md from the docstrings of what a provider gives, uses, and its suite is handed.

    python scripts/provider_reference.py
"""

import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from flowproof import inbox, kit, target
from flowproof.conformance.requirements import Requirement
from flowproof.kernel import credentials, provider, provider_context, request_context
from flowproof.kernel.webhooks import model, policy
from flowproof.openapi_mock import replacements
from flowproof.plugin import fixtures
from flowproof.target import site, workspace
from flowproof.target.webhooks import Webhooks

FILE = Path(__file__).resolve().parents[1] / "docs" / "provider-reference.md"
HEAD = """\
<!-- Written by scripts/provider_reference.py from the docstrings. -->

# What a provider gives, and what it is given

[provider-tutorial.md](provider-tutorial.md) makes a provider in an hour; this lists everything that it can have.
`flowproof new` writes an example of nearly all of it.
"""
SECTIONS: tuple[tuple[str, str, tuple[Any, ...]], ...] = (
    ("The mock", "A module of the mock exports one `Provider`; an entry point in `flowproof.providers` names it.", (
        provider.Provider,
        credentials.Credential,
        policy.WebhookPolicy,
        model.Webhook,
    )),
    ("What a view and a rule use", "`from flowproof.kernel import ctx`: the current request.", (
        request_context.CurrentRequest,
        provider_context.ProviderContext,
        provider_context.State,
    )),
    ("A mock from an OpenAPI document", replacements.__doc__ or "", ()),
    ("The requirements", "`requirements.toml` has one table `[[requirement]]` for each.", (Requirement,)),
    ("The kit", "An entry point in `flowproof.kits` names one `ProviderKit`.", (kit.ProviderKit, kit.Leftover)),
    ("Handles of a test", "The fixtures below hand these out.", (
        target.Target,
        site.Site,
        site.Credentials,
        workspace.Workspace,
        workspace.Clock,
        workspace.Faults,
        workspace.Journal,
        Webhooks,
        inbox.Inbox,
        inbox.Received,
        inbox.InboxResponse,
    )),
)  # fmt: skip


def main() -> None:
    """Write the file."""
    FILE.write_text(reference(), encoding="utf-8")


def reference() -> str:
    """The whole document."""
    parts = [HEAD.rstrip()]
    for title, says, classes in SECTIONS:
        parts += [f"## {title}", _dedented(says)]
        parts += [part for each in classes for part in _class(each)]
    parts += ["## Fixtures", "Beside them every kit gives two: its client `X`, and `make_X(target, **settings)`."]
    parts += ["\n".join(["| fixture | gives |", "|---|---|", *_fixtures()])]
    return "\n\n".join([*parts, ""])


def _class(described: Any) -> Iterator[str]:
    text, arguments = _split(inspect.getdoc(described) or "")
    yield f"### `{described.__name__.replace('CurrentRequest', 'ctx')}`"
    yield text
    rows = [f"| `{name}` | {says} |" for name, says in arguments]
    rows += [f"| `{name}` | {says} |" for name, says in _members(described)]
    if rows:
        yield "\n".join(["| name | is |", "|---|---|", *rows])


def _split(text: str) -> tuple[str, list[tuple[str, str]]]:
    """The text of a docstring before its arguments, and the arguments."""
    before, _, after = text.partition("\nArgs:\n")
    block = after.partition("\n\n")[0]
    found: list[tuple[str, str]] = []
    for line in block.splitlines():
        named = re.match(r"    (\w+): (.*)", line)
        if named:
            found.append((named[1], named[2]))
        elif found and line.strip():
            found[-1] = (found[-1][0], f"{found[-1][1]} {line.strip()}")
    return before.partition("\n\nRaises:")[0].strip(), [(name, _plain(says)) for name, says in found]


def _members(described: Any) -> Iterator[tuple[str, str]]:
    """Public methods and properties with the first paragraph of their docstring."""
    for name, member in vars(described).items():
        function: Callable[..., Any] | None = getattr(member, "fget", None) or getattr(member, "func", None)
        is_method = inspect.isfunction(member)
        if name.startswith("_") or not (is_method or function is not None):
            continue
        text = inspect.getdoc(function or member) or ""
        shown = f"{name}{_signature(member)}" if is_method else name
        yield shown, _plain(text.partition("\n\n")[0]) or _plain(name.replace("_", " ").capitalize() + ".")


def _signature(function: Callable[..., Any]) -> str:
    names = [each for each in inspect.signature(function).parameters.values() if each.name != "self"]
    shown = [f"{each.name}=…" if each.default is not each.empty else each.name for each in names]
    return f"({', '.join(shown)})"


def _fixtures() -> Iterator[str]:
    for name in fixtures.__all__:
        definition = getattr(fixtures, name)
        text = inspect.getdoc(getattr(definition, "__wrapped__", None) or definition._get_wrapped_function()) or ""
        yield f"| `{name}` | {_plain(text.partition(chr(10) * 2)[0])} |"


def _plain(text: str) -> str:
    """One line of a table, without markup of Sphinx."""
    line = " ".join(text.split()).replace("|", "\\|")
    return re.sub(r":\w+:`~?\.?(?:[\w.]*\.)?(\w+)`", r"`\1`", line).replace("``", "`")


def _dedented(text: str) -> str:
    """A text with its indented lines as a block of code."""
    paragraphs = inspect.cleandoc(text).split("\n\n")
    if not any(each.startswith("    ") for each in paragraphs):
        return _plain(text)
    made: list[str] = []
    code: list[str] = []
    for each in [*paragraphs, ""]:
        if each.startswith("    "):
            code.append(textwrap.dedent(each))
            continue
        if code:
            made.append("```python\n" + "\n\n\n".join(code) + "\n```")
            code = []
        if each:
            made.append(_plain(each))
    return "\n\n".join(made)


if __name__ == "__main__":
    main()
