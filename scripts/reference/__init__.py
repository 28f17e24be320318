"""The reference pages of the documentation site, made from the code when the site is built."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from flowproof.providers import find_providers

from . import command_line, contracts, control, formats, plugin

__all__ = ["PAGES", "pages", "write"]

PAGES: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        "command-line": command_line.commands_page,
        "settings": command_line.settings_page,
        "exit-codes": command_line.exit_codes_page,
        "control-api": control.page,
        "pytest": plugin.page,
        "events": formats.events_page,
        "report": formats.report_page,
    }
)
"""The pages that do not depend on which providers are installed, by name."""


def pages() -> dict[str, str]:
    """Every page as Markdown, by its name."""
    requirements = {f"requirements-{each.slug}": contracts.requirements_page(each.slug) for each in find_providers(())}
    return {name: page() for name, page in PAGES.items()} | requirements


def write(folder: Path) -> None:
    """Write every page into a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
