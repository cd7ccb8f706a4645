"""Received mail as rows: encrypted, compressed, bounded."""

from __future__ import annotations

import base64
import email
import re
import uuid
import zlib
from contextlib import suppress
from dataclasses import dataclass, field
from email import policy
from email.errors import MessageError
from email.message import EmailMessage
from html.parser import HTMLParser

from django.db import transaction

from push.mailbox.models import ReceivedMail
from shop.people.encryption import email_hash

MAX_KEPT = 5_000
_TRIM_EVERY = 100
_MESSAGE_ID = re.compile(r"<?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})@")
_LINK = re.compile(r"https?://[^\s<>\"]+")
MAX_UNPACKED = 4_000_000


@dataclass
class ParsedMail:
    """A mail taken apart. Whatever cannot be read is empty; nothing raises."""

    subject: str = ""
    sender: str = ""
    to: str = ""
    html: str = ""
    text: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    links: list[str] = field(default_factory=list)

    def header(self, name: str) -> str:
        """The first header of that name, or empty."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a" and (target := dict(attrs).get("href")):
            self.found.append(target)


def parse(raw: bytes) -> ParsedMail:
    """Take a mail apart, whatever it is."""
    parsed = ParsedMail()
    # The library raises all of these for mail that is none.
    with suppress(MessageError, LookupError, ValueError, TypeError, AttributeError, RecursionError):
        message = email.message_from_bytes(raw, policy=policy.default)
        parsed.headers = [(name, _clean(str(value))) for name, value in message.items()]
        parsed.subject = parsed.header("subject")[:300]
        parsed.sender, parsed.to = parsed.header("from")[:300], parsed.header("to")[:300]
        parsed.html, parsed.text = _part(message, "html"), _part(message, "plain")
    if not parsed.html and not parsed.text:
        parsed.text = _clean(raw.partition(b"\r\n\r\n")[2].decode("utf-8", "replace"))
    finder = _Links()
    finder.feed(parsed.html)
    parsed.links = finder.found or _LINK.findall(parsed.text)
    return parsed


def _clean(text: str) -> str:
    """Text that PostgreSQL and a page can hold."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return _clean(part.get_content()).replace("\r\n", "\n") if part is not None else ""


def pack(raw: bytes) -> str:
    """Octets as text for an encrypted column, compressed first: what is encrypted no longer compresses."""
    return base64.b64encode(zlib.compress(raw, 6)).decode("ascii")


def unpack(text: str) -> bytes:
    """What :func:`pack` was given."""
    return zlib.decompressobj().decompress(base64.b64decode(text), MAX_UNPACKED)


def preview(parsed: ParsedMail) -> str:
    """The first words of the text after its headline, links left out."""
    headline, _, rest = parsed.text.strip().partition("\n\n")
    words = _LINK.sub("", rest or headline).split()
    return " ".join(words)[:140]


def store(recipients: list[str], raw: bytes) -> list[ReceivedMail]:
    """Keep a mail, one row for each recipient, and let go of the oldest beyond :data:`MAX_KEPT`."""
    parsed = parse(raw)
    match = _MESSAGE_ID.match(parsed.header("message-id").strip())
    rows = [
        ReceivedMail(
            message_id=uuid.UUID(match[1]) if match else None,
            recipient=_clean(recipient),
            recipient_hash=email_hash(recipient),
            subject=parsed.subject,
            preview=preview(parsed),
            raw=pack(raw),
            size=len(raw),
        )
        for recipient in recipients
    ]
    rows = ReceivedMail.objects.bulk_create(rows)
    if rows and rows[-1].pk % _TRIM_EVERY < len(rows):
        trim()
    return rows


def trim(keep: int = MAX_KEPT) -> int:
    """Remove all but the newest ``keep`` mails; return how many went."""
    with transaction.atomic():
        edge = ReceivedMail.objects.order_by("-id").values_list("id", flat=True)[keep : keep + 1].first()
        return ReceivedMail.objects.filter(id__lte=edge).delete()[0] if edge is not None else 0
