"""Servers that are deliberately different from our mocks, and right: a suite must find no fault with them."""
