"""pytest-httpserver as a process of its own: one constant answer to an order, without validation."""

import sys
import time

from pytest_httpserver import HTTPServer


def main() -> None:
    """Serve until the end."""
    server = HTTPServer(host="127.0.0.1", port=int(sys.argv[1]))
    server.expect_request("/api/order").respond_with_json({"_id": "5910757faab8ec6f60127999"}, status=201)
    server.start()
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    main()
