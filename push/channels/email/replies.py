"""What an SMTP server answers, and what it means for a message (RFC 5321, 4.2)."""

from __future__ import annotations

import re
import smtplib
from collections.abc import Sequence

from push.channels.base import Outcome
from push.channels.email.addresses import without_address

_MAX_LINE = 8_192
Reply = tuple[int, bytes]
# Replies that let go on: to MAIL, RCPT and DATA.
_GOOD = ((250,), (250, 251), (354,))


def read_reply(smtp: smtplib.SMTP) -> Reply:
    """The server's next reply; as ``smtplib`` reads it, which does ten things more."""
    if smtp.file is None:
        return smtp.getreply()
    lines: list[bytes] = []
    while True:
        line = smtp.file.readline(_MAX_LINE + 1)
        if not line.endswith(b"\n") or not line[:3].isdigit():
            raise smtplib.SMTPServerDisconnected("no reply")
        lines.append(line[4:].strip())
        if line[3:4] != b"-":
            return int(line[:3]), b"\n".join(lines)


def read_replies(smtp: smtplib.SMTP) -> list[Reply]:
    """The replies to an envelope in one write; fewer where the server has said no and left."""
    replies: list[Reply] = []
    for _command in _GOOD:
        try:
            replies.append(read_reply(smtp))
        except (OSError, smtplib.SMTPException):
            if first_refused(replies) is None:
                raise
            break
    return replies


def first_refused(replies: Sequence[Reply]) -> Reply | None:
    """The first reply to an envelope that says no."""
    return next((reply for reply, good in zip(replies, _GOOD, strict=False) if reply[0] not in good), None)


def refusal(code: int, answer: bytes, address: str) -> Outcome:
    """4xx and the end of the session are for now, 5xx is for ever (RFC 5321, 4.2.1)."""
    detail = without_address(answer.decode("utf-8", "replace"), address)
    return Outcome.rejected(f"smtp_{code}", permanent=500 <= code < 600, detail=detail)


def not_now(reason: str, error: Exception) -> Outcome:
    return Outcome.rejected(reason, permanent=False, detail=type(error).__name__)


def provider_id(answer: bytes) -> str:
    """The queue id in "2.0.0 Ok: queued as 4F1B2", as far as the server says one."""
    match = re.search(rb"queued as ([\w.<>@-]{1,100})", answer)
    return match[1].decode("ascii") if match else ""
