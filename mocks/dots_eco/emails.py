"""
Decides by syntax alone whether a text is an e-mail address, with the library email-validator. No DNS is asked.

The options are our reading: quoted local parts, umlauts and IDN are valid; address literals and names beside it
are not; a local part has at most 64 octets; ``.test`` is a name like any other.
"""

__all__ = ["is_email"]

LONGEST = 254  # RFC 5321, 4.5.3.1.3, less the angle brackets; an address has at least as many octets as characters


def is_email(text: str) -> bool:
    if len(text) > LONGEST:
        return False
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415 (a tenth of the server's start-up)

    try:
        validate_email(
            text,
            allow_smtputf8=True,
            allow_quoted_local=True,
            allow_domain_literal=False,
            allow_display_name=False,
            strict=True,
            test_environment=True,
            check_deliverability=False,
        )
    except EmailNotValidError:
        return False
    return True
