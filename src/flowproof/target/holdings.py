"""Whether the account under test holds what tests need: a sandbox is asked once, and what it lacks skips them."""

from collections.abc import Callable, Collection, Sequence

from .site import PreconditionMissing, Site

__all__ = ["AccountCheck"]


class AccountCheck:
    """
    Looks after the accounts of a provider in one test session.

    Args:
        lacking: Gives what the account at a site lacks, each as the end of "has no …"; nothing where it cannot be read.
        about_access: Beginnings of the requirements that need nothing of an account.
    """

    def __init__(self, lacking: Callable[[Site], Sequence[str]], *, about_access: tuple[str, ...]) -> None:
        self._lacking = lacking
        self._about_access = about_access
        self._known: dict[str, Sequence[str]] = {}  # by base URL

    def require(self, target: str, site: Site, requirements: Collection[str]) -> None:
        """
        Check the account at a site for a test of these requirements.

        Raises:
            PreconditionMissing: It lacks something; the target's name is in it.
        """
        if all(each.startswith(self._about_access) for each in requirements):
            return
        if site.url not in self._known:
            self._known[site.url] = self._lacking(site)
        for each in self._known[site.url]:
            raise PreconditionMissing(target, f"has no {each}")
