"""What ships: the wheel has one top-level name and every file of the package."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests import tree


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Names in a wheel that is built from the files git knows, in a copy, so that nothing built earlier slips in."""
    checkout, built = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("built")
    export(checkout)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(built), str(checkout)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def export(to: Path) -> None:
    """Copy the files that a build needs, links as links."""
    for path in tree.files("pyproject.toml", "README.md", "LICENSE", "src", *tree.PLACES):
        copy = to / path.relative_to(tree.ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy, follow_symlinks=False)


def packaged() -> set[str]:
    """Names that the wheel should have beside its metadata."""
    top = {tree.name(path) for path in tree.files(*tree.PLACES)}
    source = {path.relative_to(tree.ROOT / "src").as_posix() for path in tree.files("src") if not path.is_symlink()}
    return source | {f"flowproof/{name}" for name in top}


def test_wheel_has_one_top_level_name(shipped: set[str]) -> None:
    """The only top-level name that an installation adds is flowproof."""
    top = {name.partition("/")[0] for name in shipped}

    assert {name for name in top if not name.endswith(".dist-info")} == {"flowproof"}


def test_wheel_has_every_file_and_no_other(shipped: set[str]) -> None:
    """Every file below src and the four folders is in the wheel, and nothing that git does not know."""
    inside = {name for name in shipped if name.startswith("flowproof/") and not name.endswith("/")}

    assert (packaged() - inside, inside - packaged()) == (set(), set())


def test_wheel_announces_command_and_plugin(shipped: set[str]) -> None:
    """The wheel's metadata has its license and its entry points."""
    metadata = {name.partition("/")[2] for name in shipped if ".dist-info/" in name}

    assert metadata >= {"METADATA", "entry_points.txt", "licenses/LICENSE"}


def test_links_lead_to_the_top_level_folders() -> None:
    """The four folders are part of the package through relative links, which any checkout keeps."""
    links = {place: tree.ROOT / "src" / "flowproof" / place for place in tree.PLACES}

    assert {place: link.readlink().as_posix() for place, link in links.items()} == {
        place: f"../../{place}" for place in tree.PLACES
    }
