"""Acme for Flowproof: contract, mock, client and suite."""
