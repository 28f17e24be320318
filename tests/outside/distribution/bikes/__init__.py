"""Bikes for rent: a provider that Flowproof has never heard of."""
