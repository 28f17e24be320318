"""The steps of a JSON pointer, as RFC 6901 writes them and as they are meant. Imports nothing."""

__all__ = ["escape", "pointer_steps", "unescape"]


def escape(step: str) -> str:
    """A name as a step of a pointer."""
    return step.replace("~", "~0").replace("/", "~1")


def unescape(step: str) -> str:
    """The name that a step of a pointer means."""
    return step.replace("~1", "/").replace("~0", "~")


def pointer_steps(pointer: str) -> list[str]:
    """The names and numbers of a pointer."""
    return [unescape(each) for each in pointer.split("/")[1:]]
