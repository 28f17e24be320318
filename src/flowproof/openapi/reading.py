"""Reads an OpenAPI document from JSON or YAML text. Times stay texts, and every key is one."""

from pathlib import Path
from typing import Any

import orjson

from flowproof.errors import ConfigurationError

__all__ = ["parse", "read_document", "read_file"]


def read_document(file: Path) -> dict[str, Any]:
    """
    The root of an OpenAPI document.

    Raises:
        ConfigurationError: It cannot be read, or is no OpenAPI document of version 3.0 or 3.1.
    """
    document = read_file(file)
    if not isinstance(document, dict) or not isinstance(document.get("paths", {}), dict):
        raise ConfigurationError(f"{file} is no OpenAPI document.", "Name a document that has `openapi` and `paths`.")
    version = str(document.get("openapi", document.get("swagger", "")))
    if not version.startswith(("3.0", "3.1")):
        what = f"version {version}" if version else "no version"
        fix = "Convert it to OpenAPI 3.0 or 3.1 first." if version.startswith("2") else "Name one of 3.0 or 3.1."
        raise ConfigurationError(f"{file} says {what}, and OpenAPI 3.0 and 3.1 are read.", fix)
    document.setdefault("paths", {})
    return document


def read_file(file: Path) -> Any:
    """
    The value of a JSON or YAML file.

    Raises:
        ConfigurationError: It cannot be read, or is neither.
    """
    try:
        return parse(file.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}.", "Name another file.") from error
    except (ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:300]
        raise ConfigurationError(
            f"{file} is neither JSON nor YAML: {reason}.", "Fix it, or name another file."
        ) from error


def parse(text: bytes) -> Any:
    """
    The value of a JSON or YAML text.

    Raises:
        ValueError: It is neither.
    """
    if text.lstrip()[:1] in (b"{", b"["):
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            pass  # (YAML has flow mappings, too)
    return _parse_yaml(text)


def _parse_yaml(text: bytes) -> Any:
    import yaml  # noqa: PLC0415 (a document in JSON does not need it)

    base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc, valid-type]  # (the fast loader is not there everywhere)
        """Reads YAML as OpenAPI means it: the JSON schema of YAML, without times."""

    resolvers = base.yaml_implicit_resolvers.items()
    Loader.yaml_implicit_resolvers = {
        first: [each for each in found if each[0] != "tag:yaml.org,2002:timestamp"] for first, found in resolvers
    }
    try:
        return _with_text_keys(yaml.load(text, Loader=Loader))  # noqa: S506 (a safe loader)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def _with_text_keys(value: Any) -> Any:
    """Statuses are written as numbers in YAML, and `on` and `off` as booleans."""
    if isinstance(value, dict):
        return {_key(name): _with_text_keys(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_with_text_keys(each) for each in value]
    return value


def _key(name: Any) -> str:
    if isinstance(name, bool):
        return "true" if name else "false"
    return str(name)
