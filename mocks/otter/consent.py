"""
The authorization page: HTML and CSS, without scripts and external resources.

No document shows the provider's own page; this one is ours, and its footer says so.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from types import MappingProxyType
from urllib.parse import quote, urlsplit

from .models import READ, SERVICE_INTEGRATION, Client, Ticket, User

__all__ = ["ConsentPrompt", "consent_page", "error_page", "expired_page", "page_headers"]

SCOPE_TEXTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        READ: ("See your organization", "Its brands, and the name and address of each store."),
        SERVICE_INTEGRATION: (
            "Connect your stores",
            "Tie a store to the application, or untie it.",
        ),
    }
)

STYLE = """
:root { color-scheme: light dark; --page: #eef3f3; --card: #fff; --text: #12262b; --soft: #4a6066; --line: #c9d6d8;
  --strong: #0b5c63; --on-strong: #fff; --hover: #084a50; --wash: #e3f1f0; --ring: #d9480f; }
@media (prefers-color-scheme: dark) {
  :root { --page: #0c1719; --card: #14262a; --text: #eef6f6; --soft: #a9c0c4; --line: #365158; --strong: #6fd6cf;
    --on-strong: #06282b; --hover: #9be6e0; --wash: #1b363b; --ring: #ffb37a; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem 1rem; background: var(--page);
  color: var(--text); font: 1rem/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { width: 100%; max-width: 30rem; background: var(--card); border: 1px solid var(--line); border-radius: 1rem;
  padding: 1.75rem 2rem; box-shadow: 0 1rem 3rem rgb(8 40 45 / 12%); }
.mark { display: flex; align-items: center; gap: .75rem; margin-bottom: 1.25rem; }
.mark svg { flex: none; }
.mark p { margin: 0; font-weight: 600; line-height: 1.3; color: var(--text); }
.mark small { display: block; font-weight: 400; color: var(--soft); font-size: .875rem; }
h1 { margin: 0 0 .5rem; font-size: 1.5rem; line-height: 1.25; letter-spacing: -.01em; }
h2, legend { margin: 0 0 .5rem; padding: 0; font-size: 1rem; font-weight: 600; }
p { margin: 0 0 1.25rem; color: var(--soft); }
strong { color: var(--text); overflow-wrap: anywhere; }
ul { list-style: none; margin: 0 0 1.25rem; padding: 0; display: grid; gap: .75rem; }
li { display: grid; grid-template-columns: 1.5rem 1fr; gap: .75rem; }
li svg { margin-top: .15rem; color: var(--strong); }
li span, .who span { display: block; color: var(--soft); font-size: .875rem; overflow-wrap: anywhere; }
fieldset { border: 0; margin: 0 0 1.5rem; padding: 0; min-width: 0; }
.people { display: grid; gap: .5rem; }
.who { display: grid; grid-template-columns: auto 2.5rem 1fr; gap: .75rem; align-items: center;
  padding: .625rem .875rem; border: 1px solid var(--line); border-radius: .75rem; cursor: pointer; }
.who:hover { border-color: var(--strong); }
.who:has(:checked) { border-color: var(--strong); background: var(--wash); box-shadow: inset 0 0 0 1px var(--strong); }
.who:has(:checked) span { color: var(--text); }
.who input { width: 1.25rem; height: 1.25rem; margin: 0; accent-color: var(--strong); }
.who i { display: grid; place-items: center; width: 2.5rem; height: 2.5rem; border-radius: 50%;
  background: var(--strong); color: var(--on-strong); font-style: normal; font-weight: 600; }
.answers { display: grid; grid-template-columns: 1fr 1fr; gap: .75rem; }
button { min-height: 3rem; padding: .625rem 1rem; border-radius: .75rem; border: 1px solid var(--strong); font: inherit;
  font-weight: 600; cursor: pointer; background: transparent; color: var(--strong); }
button.yes { background: var(--strong); color: var(--on-strong); }
button.yes:hover { background: var(--hover); }
button:hover { background: var(--wash); }
:focus-visible { outline: 3px solid var(--ring); outline-offset: 3px; }
.who:has(:focus-visible) { outline: 3px solid var(--ring); outline-offset: 3px; }
.who input:focus-visible { outline: none; }
footer { margin-top: 1.5rem; padding-top: 1rem; border-top: 1px solid var(--line); font-size: .875rem;
  color: var(--soft); }
@media (max-width: 24rem) { main { padding: 1.25rem; } .answers { grid-template-columns: 1fr; } }
"""
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()

MARK = (
    '<svg width="44" height="44" viewBox="0 0 44 44" aria-hidden="true" focusable="false">'
    '<rect width="44" height="44" rx="12" fill="#0b5c63"/>'
    '<circle cx="17" cy="22" r="8" fill="none" stroke="#fff" stroke-width="3"/>'
    '<circle cx="27" cy="22" r="8" fill="none" stroke="#6fd6cf" stroke-width="3"/></svg>'
)
TICK = (
    '<svg width="24" height="24" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2.5"'
    ' stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">'
    '<path d="M5 12.5l4.5 4.5L19 7.5"/></svg>'
)


@dataclass(frozen=True, slots=True)
class ConsentPrompt:
    """
    What the page asks.

    Args:
        client: The application that requests permission.
        ticket: The pending request.
        secret: The ticket's secret, which the answer must repeat.
        users: Each with the name of their organization; the first is preselected.
    """

    client: Client
    ticket: Ticket
    secret: str
    users: tuple[tuple[User, str], ...]


def consent_page(prompt: ConsentPrompt) -> str:
    """The page on which a user allows or denies what an application asks for."""
    name = escape(prompt.client.name)
    # The address that the browser is on repeats the ticket; the form's leaves it out, and the answer brings it along.
    action = escape(f"?client_id={quote(prompt.client.id, safe='')}")
    return _document(
        f"Allow {name}?",
        f"""
<h1>Allow {name} to act for you?</h1>
<p>Afterwards you go back to <strong>{escape(_place(prompt.ticket.redirect_uri))}</strong>.</p>
<h2 id="asks">It will be able to</h2>
<ul aria-labelledby="asks">{"".join(map(_scope_item, prompt.ticket.scopes))}</ul>
<form method="post" action="{action}">
<input type="hidden" name="ticket" value="{escape(prompt.secret)}">
<fieldset>
<legend>Who are you?</legend>
<div class="people">{"".join(_user_choices(prompt.users))}</div>
</fieldset>
<div class="answers">
<button class="yes" name="decision" value="approve">Allow</button>
<button name="decision" value="deny">Deny</button>
</div>
</form>""",
    )


def expired_page() -> str:
    """The page for a ticket that can no longer be answered."""
    return _document(
        "Nothing to decide",
        """
<h1>There is nothing to decide here any more</h1>
<p>This request was answered already, has waited too long, or was opened in another browser. Go back to the application
and start again.</p>""",
    )


def error_page(message: str) -> str:
    """The page for any other error."""
    return _document(
        "That did not work",
        f"""
<h1>That did not work</h1>
<p>{escape(message)} Nothing was decided. Go back one page and answer again, or go back to the application and start
anew.</p>""",
    )


def page_headers(redirect_uri: str = "") -> tuple[tuple[str, str], ...]:
    """
    The headers of every page: no script, no frame, no referrer.

    ``form-action`` names schemes instead of one origin: browsers apply it to the redirects after a form too, and an
    application may redirect its user from the redirect URI to any address of its own.
    """
    scheme = urlsplit(redirect_uri).scheme.lower()
    own_scheme = f" {scheme}:" if scheme not in ("", "http", "https") else ""
    policy = "; ".join(
        (
            "default-src 'none'",
            f"style-src 'sha256-{STYLE_HASH}'",
            f"form-action 'self' http: https:{own_scheme}",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )
    return (
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Security-Policy", policy),
        ("X-Frame-Options", "DENY"),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Cache-Control", "no-store"),
    )


def _document(title: str, content: str) -> str:
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · Otter, emulated</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<div class="mark">{MARK}<p>Otter<small>emulated by Flowproof</small></p></div>{content}
<footer>This is a stand-in for the provider's own page. Nobody signs in, and no real store is touched.</footer>
</main>
</body>
</html>
"""


def _place(redirect_uri: str) -> str:
    parts = urlsplit(redirect_uri)
    return parts.netloc or f"{parts.scheme}:"


def _scope_item(scope: str) -> str:
    title, detail = SCOPE_TEXTS.get(scope, (scope, ""))
    return f"<li>{TICK}<div>{escape(title)}<span>{escape(detail)}</span></div></li>"


def _user_choices(users: Iterable[tuple[User, str]]) -> Iterable[str]:
    for number, (user, organization) in enumerate(users):
        chosen = " checked" if number == 0 else ""
        yield (
            f'<label class="who"><input type="radio" name="user" value="{escape(user.id)}"{chosen} required>'
            f'<i aria-hidden="true">{escape(_initials(user.name))}</i>'
            f"<div>{escape(user.name)}<span>{escape(organization)} · {escape(user.email)}</span></div></label>"
        )


def _initials(name: str) -> str:
    words = name.split()
    return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper()
