"""Flask's rules, made quickly: what writes a URL from a rule is compiled when a URL is written, which no mock does."""

from collections.abc import Callable

from werkzeug.routing import Rule

__all__ = ["QuickRule"]

Built = tuple[str, str]


class QuickRule(Rule):
    """A rule as Werkzeug's, but for when its code to build URLs is compiled: that takes longer than all else of it."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., Built]:
        compiled = super()._compile_builder

        def build(rule: Rule, /, **values: object) -> Built:
            return compiled(append_unknown)(rule, **values)

        return build
