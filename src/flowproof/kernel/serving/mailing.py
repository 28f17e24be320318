"""
Hands one message to a mail server over SMTP, without ever blocking the event loop. Plain SMTP: no TLS, no login.

The SMTP library is loaded with the first mail: most servers never send one, and every server should start at once.
"""

from email import message_from_bytes
from email.utils import getaddresses

from flowproof.kernel.webhooks.model import DeliveryResult

__all__ = ["mail"]


async def mail(message: bytes, address: str, port: int) -> DeliveryResult:
    """
    Send a message once, to those whom its headers name.

    Args:
        message: As it goes over the wire (RFC 5322).
        address: Of the mail server; it has been checked.
        port: Of the mail server.

    Returns:
        The server's reply: 250 is a success.
    """
    from aiosmtplib import SMTP, SMTPException, SMTPRecipientsRefused, SMTPResponseException  # noqa: PLC0415 (see above)

    senders, recipients = _addresses(message, "From"), _addresses(message, "To")
    if not (senders and recipients):
        return DeliveryResult(error="the message does not say from whom and to whom it is")
    server = SMTP(hostname=address, port=port, local_hostname="localhost", start_tls=False)
    try:
        async with server:
            _, reply = await server.sendmail(senders[0], recipients, message)
    except SMTPResponseException as error:
        return DeliveryResult(error.code, body=error.message.encode(), error=f"{error.code} {error.message}")
    except SMTPRecipientsRefused as error:
        first = error.recipients[0]
        return DeliveryResult(
            first.code, body=first.message.encode(), error=f"{first.recipient}: {first.code} {first.message}"
        )
    except SMTPException as error:
        return DeliveryResult(error=error.message)
    return DeliveryResult(250, body=reply.encode())


def _addresses(message: bytes, name: str) -> list[str]:
    found = message_from_bytes(message).get_all(name, [])
    return [address for _, address in getaddresses(found)]
