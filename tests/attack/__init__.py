"""Attacks on a server of our own, on loopback: growing inputs, generated bad requests, kill -9, damaged archives."""
