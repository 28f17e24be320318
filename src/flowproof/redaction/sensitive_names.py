"""Names of members, parameters and headers that stand before what a report must not show."""

import re
from collections.abc import Collection, Sequence

__all__ = ["is_secret_name", "is_shown_header", "looks_issued", "sensitive_name", "variable"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SECRETS = _words(
    """
    accesskey accesstoken apikey apisecret apptoken assertion auth authorization authtoken authorizationcode bearer
    clientassertion clientsecret codeverifier cookie credential credentials devicecode giftcode idtoken jwt onetimecode
    otp passcode passphrase passwd password pin privatekey redeemcode refreshtoken secret secretkey sessionid
    sessiontoken sharedsecret signature signingkey ticket token vouchercode webhooksecret
    """
)
PERSONAL = _words(
    """
    address address1 address2 address3 addressline addressline1 addressline2 addressline3 birthdate birthday
    cardholder companyname contactname customername dateofbirth dob email emailaddress fax faxnumber familyname
    firstname formattedaddress fullname givenname iban lastname maidenname middlename mobile mobilenumber
    mobilephone nickname passportnumber personname phone phonenumber postalcode postcode receiveremail recipientemail
    recipientname senderemail sendername ssn street street1 street2 streetaddress surname taxid telephone tel town
    useremail vatnumber zip zipcode
    """
)
PERSON_OBJECTS = _words(
    """
    address addresses billing billingaddress billto buyer cardholder contact contacts customer customers
    deliveryaddress person persons recipient recipients returnaddress sender shipfrom shipping shippingaddress shipto
    user users
    """
)
PERSON_MEMBERS = frozenset({"name", "city", "company", "line1", "line2", "username"})
# Names that also mean something harmless; the value decides.
AMBIGUOUS = frozenset({"code", "key", "state", "nonce", "session", "sid"})

SHOWN_HEADERS = _words(
    """
    accept accept-encoding accept-language age allow cache-control connection content-encoding content-language
    content-length content-type date etag expect expires flowproof-delivery flowproof-exchange flowproof-proxy
    flowproof-replay flowproof-requirement host
    idempotent-replayed if-match if-none-match last-modified link location pragma retry-after server
    origin strict-transport-security transfer-encoding ttl upgrade urgency user-agent vary via www-authenticate
    x-content-type-options x-forwarded-proto
    x-frame-options x-powered-by x-requested-with
    """
)
SHOWN_ENDINGS = ("-algorithm", "-date", "-timestamp", "-version")
SHOWN_BEGINNINGS = ("access-control-", "ratelimit-", "x-ratelimit-")

ISSUED = re.compile(r"(?=.*[0-9])[!-~]{8,}", re.ASCII)
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def sensitive_name(names: Sequence[str], value: str, more: Collection[str] = ()) -> str | None:
    """
    The name for a value that must not be shown, such as ``ACCESS_TOKEN``, or None where it may be.

    Args:
        names: The names that lead to the value, the outermost first.
        value: What stands behind them.
        more: Further names of secrets.
    """
    if not names:
        return None
    name = names[-1]
    plain = _plain(name)
    if plain in PERSONAL or (plain in AMBIGUOUS and looks_issued(value)):
        return variable(name)
    if plain in PERSON_MEMBERS and any(_plain(each) in PERSON_OBJECTS for each in names[:-1]):
        return variable(name)
    return next((variable(each) for each in reversed(names) if is_secret_name(each, more)), None)


def is_secret_name(name: str, more: Collection[str] = ()) -> bool:
    """Whether every value behind a name is a secret."""
    return _plain(name) in SECRETS or name in more


def looks_issued(value: str) -> bool:
    """Whether a value looks generated: printable characters with a digit, eight or more."""
    return ISSUED.fullmatch(value) is not None


def is_shown_header(name: str) -> bool:
    """Whether the value of a header is shown: its name is known to be harmless."""
    plain = name.lower()
    return plain in SHOWN_HEADERS or plain.endswith(SHOWN_ENDINGS) or plain.startswith(SHOWN_BEGINNINGS)


def variable(name: str) -> str:
    """A name in the form of a shell variable: ``accessToken`` is ``ACCESS_TOKEN``."""
    return "_".join(WORD.findall(name)).upper() or "VALUE"


def _plain(name: str) -> str:
    return "".join(each for each in name.lower() if each.isalnum())
