"""
Registration of a partner's people: an address that is supplied gets a welcome email, whose step completes it.

Source:
    Seed 000, Pre Requisites and row 1 of the checklist. That one step completes the registration is inferred.
"""

from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import Any

from flowproof.kernel import ProviderContext, hex_id

from .models import SeedData

__all__ = ["WELCOME", "Registration"]

Json = Mapping[str, Any]

PERSON = "person"  # by address
CODE = "registration_code"  # the address of a code
MAIL = "mail"  # by number
WELCOME = "welcome_email"
SUBJECT = "Welcome to Flow1st: complete your registration"
TEXT = """Welcome to Flow1st.

You are invited to the Flow1st Admin Console as {email}.
One step completes your registration, and can be done once. In the emulated console it is a request:

  curl -X POST {link}

Flow1st, emulated by Flowproof
"""


class Registration:
    """
    The people of a workspace's Admin Console.

    Args:
        context: The workspace.
    """

    def __init__(self, context: ProviderContext) -> None:
        self._context = context
        self._state = context.state

    def invite(self, addresses: Iterable[str], base_url: str) -> Sequence[Json]:
        """
        Send a welcome email to each address that has none yet; returns those people.

        Args:
            addresses: Email addresses.
            base_url: Scheme and host under which the server is reached, for the link.
        """
        return [self._invite(each, base_url) for each in dict.fromkeys(addresses) if self._person(each) is None]

    def complete(self, code: str) -> Json | None:
        """The person who has completed the registration, now or before; None where no email has that code."""
        person = self.person_of(code)
        if person is not None and person["registered_at"] is None:
            person = {**person, "registered_at": self._context.now.isoformat()}
            self._state.put(PERSON, person["email"], person)
        return person

    def person_of(self, code: str) -> Json | None:
        """The person whose welcome email has that code."""
        address = self._state.get(CODE, code)
        return None if address is None else self._person(address)

    def people(self) -> Sequence[Json]:
        """Everybody who was invited, in that order."""
        return list(reversed(self._state.newest(PERSON)))

    def mails(self) -> Sequence[Json]:
        """The welcome emails, oldest first, also those that were sent to a mail server."""
        return list(reversed(self._state.newest(MAIL)))

    def is_complete(self) -> bool:
        """Whether somebody was invited, and everybody who was has registered."""
        people = self.people()
        return bool(people) and all(each["registered_at"] for each in people)

    def _person(self, address: str) -> Json | None:
        person: Json | None = self._state.get(PERSON, address)
        return person

    def _invite(self, address: str, base_url: str) -> Json:
        rng = Random(f"{self._context.rng_seed}/{address}")
        at, code = self._context.now.isoformat(), hex_id(rng, 32)
        link = f"{base_url}/_flowproof/workspaces/{self._state.workspace}/flow1st/registrations/{code}"
        person = {"email": address, "invited_at": at, "registered_at": None}
        self._state.put(PERSON, address, person)
        self._state.put(CODE, code, address)
        self._send(address, TEXT.format(email=address, link=link), hex_id(rng, 32))
        return person

    def _send(self, address: str, text: str, message_id: str) -> None:
        """Keep an email, and hand it to the mail server of the settings, if there is one."""
        settings, identifier = SeedData(self._context.seed).settings, f"mail-{self._state.count(MAIL) + 1}"
        mail = {
            "id": identifier,
            "from": settings.mail_from,
            "to": address,
            "subject": SUBJECT,
            "text": text,
            "at": self._context.now.isoformat(),
            "smtp": settings.smtp,
        }
        self._state.put(MAIL, identifier, mail)
        if settings.smtp is None:
            return
        from flowproof.kernel.webhooks.mail_message import mail_delivery  # noqa: PLC0415 (few servers send an email)

        delivery = mail_delivery(
            WELCOME,
            settings.smtp,
            sender=settings.mail_from,
            recipient=address,
            subject=SUBJECT,
            text=text,
            message_id=message_id,
            at=self._context.now,
        )
        self._context.deliver(delivery, of=identifier)
