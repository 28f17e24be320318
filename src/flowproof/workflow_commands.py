"""Workflow commands of GitHub Actions, by which a line of output becomes an annotation. Imports nothing."""

__all__ = ["workflow_command"]


def workflow_command(level: str, message: str, **properties: str) -> str:
    """
    A command without its line end.

    Args:
        level: ``error``, ``warning`` or ``notice``.
        message: Its text.
        properties: Such as ``title``, ``file`` and ``line``.

    Source:
        GitHub's "Workflow commands for GitHub Actions": what ends a line, a property or its list is percent-encoded.
    """
    shown = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{level} {shown}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
