"""The wire format of an e-mail (RFC 5322). Sends nothing: the courier does, as it sends webhooks."""

from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from .model import Webhook

__all__ = ["mail_delivery"]


def mail_delivery(
    event: str, server: str, *, sender: str, recipient: str, subject: str, text: str, message_id: str, at: datetime
) -> Webhook:
    """
    An e-mail in plain text, to be delivered as a webhook is; the same bytes for the same input.

    Args:
        event: What the journal calls it.
        server: Of the mail, such as ``smtp://127.0.0.1:2525``.
        sender: An address.
        recipient: An address.
        subject: Its white space is folded to single blanks.
        text: The body.
        message_id: The part before the sender's domain.
        at: The moment that the message bears.
    """
    made = EmailMessage(policy=SMTP)
    made["From"], made["To"] = sender, recipient
    made["Subject"] = " ".join(subject.split())
    made["Date"], made["Message-ID"] = format_datetime(at), f"<{message_id}@{sender.partition('@')[2]}>"
    made.set_content(text, cte="quoted-printable")
    return Webhook(event, server, made.as_bytes(), "message/rfc822", method="MAIL")
