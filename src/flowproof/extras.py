"""
What a light installation lacks, as a sentence that names the extra. Knows what each extra brings from the metadata.

A plain installation has the clients and the commands that speak to a server; the extras `server`, `suites` and `all`
bring the rest. A module imports what it needs, and nobody asks before: whoever meets a user turns the error into this.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution, requires
from types import MappingProxyType

from flowproof.errors import FlowproofError

__all__ = ["MissingExtra", "missing_extra", "require"]

REQUIREMENT = re.compile(r"(?P<package>[\w.-]+).*\bextra\s*==\s*['\"](?P<extra>[\w-]+)['\"]", re.ASCII)
MODULES = MappingProxyType({"pyyaml": "yaml"})  # whose package has another name
FOR_USERS = ("server", "suites", "postgres", "fuzz", "all")


@dataclass(eq=False)
class MissingExtra(FlowproofError):
    """
    A package is not installed that an extra of this distribution brings.

    Args:
        module: That was to be imported.
        extra: Which brings it.
    """

    module: str
    extra: str

    def __str__(self) -> str:
        return (
            f"This needs {self.module}, which the extra {self.extra} brings. "
            f"Install it: pip install 'flowproof[{self.extra}]'"
        )


def missing_extra(error: BaseException | None) -> MissingExtra | None:
    """
    The extra whose package an import did not find; None where it is something else that is missing.

    The causes of an error are looked at, too.
    """
    while error is not None:
        if isinstance(error, MissingExtra):
            return error
        if isinstance(error, ModuleNotFoundError) and error.name:
            module = error.name.partition(".")[0]
            extra = _extras().get(module)
            return MissingExtra(module, extra) if extra is not None else None
        error = error.__cause__ or error.__context__
    return None


def require(module: str) -> None:
    """
    Check that a package is there, whose module has its name, before a process is started that imports it.

    Raises:
        MissingExtra: It is not.
    """
    try:
        distribution(module)
    except PackageNotFoundError as error:
        raise MissingExtra(module, _extras().get(module, "all")) from error


@cache
def _extras() -> Mapping[str, str]:
    """The smallest extra that brings a module, by the module's name."""
    try:
        listed = requires("flowproof") or ()
    except PackageNotFoundError:
        return {}
    found: dict[str, str] = {}
    for each in filter(None, map(REQUIREMENT.match, listed)):
        name = re.sub(r"[-.]+", "_", each["package"]).lower()
        if each["extra"] in FOR_USERS and name != "flowproof":
            found.setdefault(MODULES.get(name, name), each["extra"])
    return found
