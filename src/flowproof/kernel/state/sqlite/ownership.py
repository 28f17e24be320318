"""One process owns a state file: whoever comes second is refused, and learns who was first."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from flowproof.errors import StoreError

__all__ = ["Ownership"]


class Ownership:
    """
    The lock on the file ``{location}-owner``, which holds the number of the owning process.

    The operating system releases the lock when the process ends, however that comes about.

    Args:
        location: Path of the state file.

    Raises:
        StoreError: Another store owns the state file, or its folder cannot be written.
    """

    def __init__(self, location: str) -> None:
        self._path = f"{location}-owner"
        self._file = self._locked(location)
        os.ftruncate(self._file, 0)
        os.write(self._file, b"%d\n" % os.getpid())

    def _locked(self, location: str) -> int:
        while True:
            try:
                file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except OSError as error:
                raise StoreError(f"the state file {location} cannot be opened: {error.strerror}") from error
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                owner = os.read(file, 20).decode("ascii", "replace").strip() or "that is just starting"
                os.close(file)
                raise StoreError(
                    f"the state file {location} belongs to process {owner}, and one process at a time can have it;"
                    " stop that one, name another file, or share a database: --state postgresql://USER@HOST/DATABASE"
                ) from None
            if os.fstat(file).st_nlink:
                return file
            os.close(file)  # its last owner has removed it meanwhile

    def release(self) -> None:
        """Let another process have the state file."""
        with suppress(FileNotFoundError):  # somebody has emptied the folder
            Path(self._path).unlink()
        os.close(self._file)
