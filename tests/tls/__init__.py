"""TLS: the authority of the user's own, and certificates from a file."""
