"""Each provider's README names every operation that its mock adds to the control API."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask

from flowproof.kernel import Provider
from flowproof.providers import find_providers
from tests import tree

PROVIDERS = {each.slug: each for each in find_providers(["dots_eco", "flow1st", "integrations", "oneflow", "otter"])}
OPERATION = re.compile(r"`(GET|POST|PUT|DELETE) ([/…][^`\s]*)`")
PARAMETER = re.compile(r"\{[^}]*\}|<[^>]*>")


def operations(provider: Provider) -> Iterator[tuple[str, str]]:
    """Methods and paths of what a mock adds, each parameter as ``{}``."""
    app = Flask("control", static_folder=None)
    assert provider.control is not None
    app.register_blueprint(provider.control)
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            yield method, PARAMETER.sub("{}", rule.rule)


def is_named(method: str, path: str, readme: str) -> bool:
    """Whether a README has the operation; ``…`` stands for the beginning of a path."""
    for named, shown in OPERATION.findall(readme):
        text = PARAMETER.sub("{}", shown)
        if named == method and (path == text or (text.startswith("…") and path.endswith(text[1:]))):
            return True
    return False


@pytest.mark.parametrize("slug", PROVIDERS)
def test_readme_names_every_control_operation(slug: str) -> None:
    """Whoever reads a provider's README learns every operation by which its mock is steered and looked into."""
    readme = (tree.ROOT / "mocks" / slug / "README.md").read_text(encoding="utf-8")
    found = sorted(operations(PROVIDERS[slug]))

    assert len(found) > 0
    assert [each for each in found if not is_named(*each, readme)] == []
    assert f"/_flowproof/workspaces/{{workspace}}/{slug}" in readme
