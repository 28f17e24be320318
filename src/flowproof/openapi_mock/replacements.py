"""
Operations that a provider answers by rules of its own: one module each, which stands in place of what was inferred.

    from typing import Any

    OPERATION = "createPet"

    def answer(owner_id: str) -> Any:
        return {"ownerId": owner_id}

`answer` is a view: it gets the values of the path's parameters in their order, reads `flowproof.kernel.ctx`, and
returns a value, or a value with its status.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

from flowproof.errors import ConfigurationError

__all__ = ["find_replacements"]


def find_replacements(package: ModuleType) -> Mapping[str, Callable[..., Any]]:
    """
    The views of a package's modules by the id of their operation.

    Raises:
        ConfigurationError: A module has no `OPERATION` and `answer`, or two have one operation.
    """
    found: dict[str, Callable[..., Any]] = {}
    for each in iter_modules(package.__path__, f"{package.__name__}."):
        module = import_module(each.name)
        operation, answer = getattr(module, "OPERATION", None), getattr(module, "answer", None)
        if not isinstance(operation, str) or not callable(answer):
            raise ConfigurationError(
                f"{each.name} answers no operation.", "Give it OPERATION, the operationId, and a function answer."
            )
        if operation in found:
            raise ConfigurationError(f"Two modules of {package.__name__} answer {operation}.", "Keep one of them.")
        found[operation] = answer
    return found
