"""The usual mistakes in presenting the token that stands beside a signature."""

from flowproof.kernel.http.authorization import bare_token

from .candidates import SigningMistake

__all__ = ["token_mistakes"]


def token_mistakes(token: str) -> tuple[SigningMistake, ...]:
    """What stands around a presented token; nothing where it is presented alone."""
    bare = bare_token(token)
    if not bare or bare == token:
        return ()
    form = token.replace(bare, "TOKEN")
    text = f"the token is presented as {form!r}, expected TOKEN alone"
    return (SigningMistake("token_form", text, "Send the token without a scheme, quotes, brackets or blanks."),)
