"""The client: it stands on `requests` and on nothing of Flowproof."""

from typing import Any

import requests

__all__ = ["Bikes"]

TIMEOUT_S = 10.0


class Bikes:
    """
    A client of the provider.

    Args:
        base_url: Without a slash at its end.
        token: For every request; None sends none.
        session: Of requests.
    """

    def __init__(self, base_url: str, token: str | None, session: requests.Session | None = None) -> None:
        self.base_url = base_url
        self.token = token
        self.session = session or requests.Session()

    def close(self) -> None:
        """Close its connections."""
        self.session.close()

    def ask(self, method: str, path: str, json: Any = None) -> requests.Response:
        """One request."""
        headers = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        url = self.base_url + path
        return self.session.request(method, url, headers=headers, json=json, timeout=TIMEOUT_S)

    def bikes(self) -> requests.Response:
        """All bikes."""
        return self.ask("GET", "/bikes")

    def start(self, bike_id: str, days: int) -> requests.Response:
        """Rent a bike."""
        return self.ask("POST", "/rentals", {"bikeId": bike_id, "days": days})

    def rental(self, rental_id: str) -> requests.Response:
        """A rental."""
        return self.ask("GET", f"/rentals/{rental_id}")

    def end(self, rental_id: str) -> requests.Response:
        """Bring a bike back."""
        return self.ask("DELETE", f"/rentals/{rental_id}")
