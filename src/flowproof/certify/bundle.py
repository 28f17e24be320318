"""
A canonical zip: the same files give the same bytes, so that any changed byte is detected.

Files are stored uncompressed in the order of their names, without times, comments or extra fields. Reading packs the
files again and compares.
"""

import io
import zipfile
from collections.abc import Mapping

__all__ = ["NotCanonical", "pack", "unpack"]

EPOCH = (1980, 1, 1, 0, 0, 0)
MODE = 0o100644
UNIX = 3


class NotCanonical(ValueError):
    """The data is not a zip that `pack` has written."""


def pack(files: Mapping[str, bytes]) -> bytes:
    """Write a zip of these files, by name."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system, entry.external_attr = UNIX, MODE << 16
            archive.writestr(entry, files[name])
    return written.getvalue()


def unpack(data: bytes) -> dict[str, bytes]:
    """
    Read the files of a zip, by name.

    Raises:
        NotCanonical: It was not written by `pack`, or was changed since.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if any(each.compress_type != zipfile.ZIP_STORED for each in entries):
                raise NotCanonical("a file in it is compressed")
            if sum(each.file_size for each in entries) > len(data):
                raise NotCanonical("its files are said to be larger than it is")
            files = {each.filename: archive.read(each) for each in entries}
    except NotCanonical:
        raise
    # The errors that a damaged zip can raise.
    except (
        zipfile.BadZipFile,
        OSError,
        ValueError,
        RuntimeError,
        EOFError,
        NotImplementedError,
        OverflowError,
    ) as error:
        raise NotCanonical(f"it is no whole zip: {error}") from error
    if len(files) != len(entries):
        raise NotCanonical("it has a file twice")
    if pack(files) != data:
        raise NotCanonical("it has bytes that belong to none of its files")
    return files
