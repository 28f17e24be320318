"""The authority of the user's own: made once, kept for its owner alone, renewed before it ends."""

import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from flowproof.errors import ConfigurationError
from flowproof.tls.authority import LIFETIME, Authority, open_authority
from flowproof.tls.places import BUNDLE, CERTIFICATE, KEY, usual_folder

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    """Folder and key can be read by their owner alone, the key even where somebody has changed that."""
    folder = tmp_path / "tls"
    open_authority(folder, NOW)
    before = stat.S_IMODE((folder / KEY).stat().st_mode)
    (folder / KEY).chmod(0o644)
    open_authority(folder, NOW)

    modes = [stat.S_IMODE(each.stat().st_mode) for each in (folder, folder / KEY)]
    assert (before, modes) == (0o600, [0o700, 0o600])


def test_authority_is_made_once(tmp_path: Path) -> None:
    """Whoever opens the same folder later has the same authority, so that clients go on trusting it."""
    made, later = open_authority(tmp_path, NOW), open_authority(tmp_path, NOW + timedelta(days=300))

    assert (made.is_new, later.is_new, later.certificate) == (True, False, made.certificate)


def test_processes_at_once_make_one_authority(tmp_path: Path) -> None:
    """Of several that open a new folder at once, one makes the authority and the others take it."""
    with ThreadPoolExecutor(4) as pool:
        opened = list(pool.map(lambda _: open_authority(tmp_path, NOW), range(8)))

    assert len({each.certificate.serial_number for each in opened}) == 1
    assert [each.is_new for each in opened].count(True) == 1


def test_authority_is_renewed_before_it_ends(tmp_path: Path) -> None:
    """In its last month a new one takes its place, and says that it is new."""
    made = open_authority(tmp_path, NOW)
    kept = open_authority(tmp_path, NOW + LIFETIME - timedelta(days=31))
    renewed = open_authority(tmp_path, NOW + LIFETIME - timedelta(days=29))

    assert (kept.is_new, renewed.is_new, renewed.certificate == made.certificate) == (False, True, False)


def test_authority_signs_servers_alone(tmp_path: Path) -> None:
    """It signs no other authority, and its certificates are for servers and nothing else."""
    extensions = open_authority(tmp_path, NOW).certificate.extensions
    constraints = extensions.get_extension_for_class(x509.BasicConstraints).value
    usage = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value

    assert (constraints.ca, constraints.path_length) == (True, 0)
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]


def test_bundle_has_the_public_authorities_too(authority: Authority) -> None:
    """A client that takes one file trusts our authority beside the public ones, and reaches the rest of the world."""
    bundle = (authority.folder / BUNDLE).read_bytes()

    assert bundle.endswith((authority.folder / CERTIFICATE).read_bytes())
    assert bundle.count(b"BEGIN CERTIFICATE") > 100


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda folder: (folder / KEY).unlink(), "has half of an authority"),
        (lambda folder: (folder / CERTIFICATE).write_text("nothing"), "is no authority"),
        (lambda folder: (folder / KEY).write_text("nothing"), "is no authority"),
        (
            lambda folder: (folder / KEY).write_bytes(
                (open_authority(folder / "other", NOW).folder / KEY).read_bytes()
            ),
            "is not that of the certificate beside it",
        ),
    ],
)
def test_broken_authority_is_not_replaced(tmp_path: Path, break_it, message: str) -> None:  # type: ignore[no-untyped-def]  # (a lambda)
    """What cannot be used is left alone, and the error says so and what to do."""
    folder = open_authority(tmp_path / "tls", NOW).folder
    break_it(folder)

    with pytest.raises(ConfigurationError, match=message) as refused:
        open_authority(folder, NOW)
    assert "--tls-folder" in str(refused.value)


def test_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    """A folder below a file cannot be made, and the error names it and the option."""
    (tmp_path / "file").touch()

    with pytest.raises(ConfigurationError, match=r"cannot be used: Not a directory\. Name another with --tls-folder"):
        open_authority(tmp_path / "file" / "tls", NOW)


def test_usual_folder_is_in_the_users_configuration() -> None:
    """The environment names the folder, else it stands where the user's configuration stands."""
    home = Path("~/.config/flowproof/tls").expanduser()

    assert usual_folder({"FLOWPROOF_TLS_FOLDER": "/a", "XDG_CONFIG_HOME": "/b"}) == Path("/a")
    assert usual_folder({"XDG_CONFIG_HOME": "/b"}) == Path("/b/flowproof/tls")
    assert usual_folder({"XDG_CONFIG_HOME": "relative"}) == usual_folder({}) == home
