"""
TLS of our servers: an authority of the user's own, certificates by it or from a file, and who trusts them.

It knows no provider and no server. Nothing here is loaded where no TLS is spoken.
"""
