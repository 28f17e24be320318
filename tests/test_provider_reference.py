"""The reference of a provider's hooks is what the docstrings say."""

import runpy

from tests import tree


def test_reference_is_what_the_docstrings_say() -> None:
    """docs/provider-reference.md is what `python scripts/provider_reference.py` writes."""
    written = runpy.run_path(str(tree.ROOT / "scripts" / "provider_reference.py"))

    assert (tree.ROOT / "docs" / "provider-reference.md").read_text(encoding="utf-8") == written["reference"]()
