"""Contract tests and strict, stateful mock servers for provider APIs."""

__all__ = ["__version__"]


def __getattr__(name: str) -> str:
    """The version, asked of the installed distributions only when somebody wants it: that takes time."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import version  # noqa: PLC0415 (see above)

    return version("flowproof")
