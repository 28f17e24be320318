"""
Builds the documentation site: python -m scripts.site FOLDER. A warning, such as a link that leads nowhere, is an error.

The pages are those of docs/, the documents beside README.md, README and sources of each provider, and the reference,
which is made from the code. They are put together in FOLDER/source; the site is in FOLDER/html. It loads nothing from
elsewhere, and its search works from a disk, too.

Why Sphinx with MyST and Furo: it is kept well, checks links and anchors itself, and runs without the network. The theme
Material for MkDocs names Zensical as its successor, and Zensical is still before its first stable version.
"""

import re
import shutil
import sys
from pathlib import Path

from sphinx.cmd.build import build_main

from scripts import reference

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = ("ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md")
LINK = re.compile(r"(?<=\]\()(?!\w+:|#)[^)#\s]+")


def main(folder: Path) -> int:
    """Build the site; the exit code."""
    source = folder / "source"
    shutil.rmtree(source, ignore_errors=True)
    assemble(source)
    options = ["-W", "--keep-going", "--quiet", "-b", "html", "-d", str(folder / "doctrees")]
    code: int = build_main([*options, str(source), str(folder / "html")])
    return code


def assemble(source: Path) -> None:
    """Put the pages together, each link between them as it is there."""
    shutil.copytree(ROOT / "docs", source)
    for page in source.glob("*.md"):
        _relink(page, page.read_text(encoding="utf-8"), "docs")
    for name in DOCUMENTS:
        _relink(source / name, (ROOT / name).read_text(encoding="utf-8"), "")
    for document in sorted([*ROOT.glob("mocks/*/README.md"), *ROOT.glob("contracts/*/SOURCES.md")]):
        name = document.relative_to(ROOT).as_posix()
        _relink(
            source / page_of(name), document.read_text(encoding="utf-8"), document.parent.relative_to(ROOT).as_posix()
        )
    reference.write(source / "reference")


def page_of(name: str) -> str:
    """Where a document of the checkout stands in the site."""
    if match := re.fullmatch(r"(?:mocks|contracts)/(\w+)/(README|SOURCES)\.md", name):
        return f"providers/{match[1]}{'-sources' if match[2] == 'SOURCES' else ''}.md"
    return name.removeprefix("docs/")


def _relink(page: Path, text: str, place: str) -> None:
    """Write a page whose document stood in a folder of the checkout."""
    depth = "../" if page.parent.name == "providers" else ""

    def moved(match: re.Match[str]) -> str:
        document = (ROOT / place / match[0]).resolve().relative_to(ROOT)
        return depth + page_of(document.as_posix())

    page.parent.mkdir(exist_ok=True)
    page.write_text(LINK.sub(moved, text), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
