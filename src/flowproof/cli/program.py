"""Whether the shell that has started this command finds it by its name."""

import shutil
import sys
from pathlib import Path

__all__ = ["missing_on_path"]

NAME = "flowproof"


def missing_on_path() -> Path | None:
    """The folder of the command, where it has to be put on the PATH before `flowproof` can be called."""
    folder = Path(sys.executable).parent
    return folder if shutil.which(NAME) is None and (folder / NAME).exists() else None
