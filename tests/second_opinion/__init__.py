"""Servers that differ from our mocks and are right: a suite must find no fault with them."""
