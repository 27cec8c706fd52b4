"""A letter as an e-mail: text and HTML in one message, marked as sent by a machine, threaded by its ladder.

Nothing that a person wrote can add a header: what stands in one is a single line.
"""

import re
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address, HeaderRegistry, MessageIDHeader
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from typing import Any, Final

from streams.notices.channels.channel import Letter

LONGEST_SUBJECT: Final = 250
LANGUAGES: Final = {"both": "en, cy", "en": "en", "cy": "cy"}

_ONE_ID: Any = MessageIDHeader  # typed as if it were no header
_HEADERS: Final = HeaderRegistry()
for _name in ("in-reply-to", "references"):
    _HEADERS.map_to_type(_name, _ONE_ID)  # it must not be folded
_SEVEN_BIT: Final = SMTP.clone(cte_type="7bit", header_factory=_HEADERS)
_BREAKS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def compose(letter: Letter, sender: Address, recipient: Address, now: datetime) -> EmailMessage:
    """The message, in lines that every server takes (seven bits, no long ones).

    Its Message-ID derives from the key, so it is the same at every resend; what belongs to one ladder refers to one
    root, by which mail programs show it as a thread.
    """
    message = EmailMessage(policy=_SEVEN_BIT)
    message["From"] = sender
    message["To"] = recipient
    message["Subject"] = one_line(letter.subject)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = _id("notice", letter.key, sender.domain)
    message["In-Reply-To"] = message["References"] = _id("thread", letter.thread, sender.domain)
    message["Auto-Submitted"] = "auto-generated"
    # Exchange answers automatic mail with absence notes unless it is told not to.
    message["X-Auto-Response-Suppress"] = "All"
    if letter.urgent:
        message["Importance"] = "high"
        message["X-Priority"] = "1"
    message.set_content(letter.text)
    if letter.html is not None:
        message.add_alternative(letter.html, subtype="html")
    message["Content-Language"] = LANGUAGES[letter.language]
    return message


def address_of(text: str) -> Address:
    """The address as a message and a server take it; raises ``ValueError`` for what is none or is not ASCII.

    A domain in other letters is written as ASCII (IDNA); a mailbox in other letters is not understood by every server.
    """
    local, _, domain = text.rpartition("@")
    if _BREAKS.search(text) or not local.isascii():
        raise ValueError("no address in ASCII")
    try:
        address = Address(addr_spec=f"{local}@{domain.encode('idna').decode('ascii')}")
    except (MessageError, IndexError):
        raise ValueError("no address") from None
    if not address.username or not address.domain:
        raise ValueError("no whole address")
    return address


def one_line(text: str) -> str:
    """The text as one line, without any sign that could end a header."""
    return _BREAKS.sub(" ", text).strip()[:LONGEST_SUBJECT]


def _id(what: str, of: str, domain: str) -> str:
    return f"<{what}.{sha256(of.encode()).hexdigest()[:40]}@{domain}>"
