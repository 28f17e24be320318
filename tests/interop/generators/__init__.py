"""Clients that generators of others make of the contracts, and what linters of others say of them."""
