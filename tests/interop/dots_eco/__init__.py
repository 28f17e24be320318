"""Dots.eco's mock against the provider's own software."""
