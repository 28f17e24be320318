"""The suites that certify a target: they know its clients and contracts, and no mock."""
