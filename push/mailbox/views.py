"""The demo's mailbox: e-mails as they were received. Not there where ``DEMO`` is off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.html import format_html
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from push.delivery.models import Message
from push.mailbox.models import ReceivedMail
from push.mailbox.storing import ParsedMail, parse, unpack
from push.preferences.views import masked
from shop import clock
from shop.people.encryption import email_hash

PAGE = 25
TABS = ("computer", "phone", "text", "headers")


@dataclass(frozen=True)
class Scope:
    """Whose mail a request may see: everybody's (developers and operators), or one recipient's."""

    everybody: bool
    recipient: str = ""
    whole: str = ""

    def mails(self) -> QuerySet[ReceivedMail]:
        """The mails in sight."""
        rows = ReceivedMail.objects.all()
        return rows if self.everybody and not self.recipient else rows.filter(recipient_hash=email_hash(self.recipient))


def scope_of(request: HttpRequest) -> Scope | None:
    """What a request may see; None: it has to log in.

    Raises:
        Http404: this is no demo.
    """
    if not settings.DEMO:
        raise Http404("no mailbox")
    user = request.user
    if settings.DEBUG or user.is_staff:
        own = user.email if user.is_authenticated and not user.is_staff else ""
        asked = request.GET.get("q", own).strip()[:254]
        return Scope(True, asked)
    return Scope(False, user.email) if user.is_authenticated else None


@never_cache
@require_safe
def mailbox(request: HttpRequest, mail_id: int | None = None) -> HttpResponse:
    """The list, and one mail beside it."""
    scope = scope_of(request)
    if scope is None:
        return redirect_to_login(request.get_full_path())
    rows = list(scope.mails().defer("raw").order_by("-id")[:PAGE])
    chosen = _chosen(scope, mail_id) if mail_id else None
    tab = request.GET.get("as", "computer")
    parsed = _open(chosen) if chosen else None
    context = {
        "rows": rows,
        "chosen": chosen,
        "parsed": parsed,
        "tab": tab if tab in TABS else "computer",
        "scope": scope,
        "q": scope.recipient,
        "unread": scope.mails().filter(read_at=None).count(),
        "message": _message(chosen) if chosen else None,
        "links": _links(parsed) if parsed else {},
    }
    return render(request, "push/mailbox.html", context)


def _chosen(scope: Scope, mail_id: int) -> ReceivedMail:
    rows = ReceivedMail.objects.all() if scope.everybody else scope.mails()
    row = rows.filter(pk=mail_id).first()
    if row is None:
        raise Http404("no such mail")
    return row


def _open(row: ReceivedMail) -> ParsedMail:
    if row.read_at is None:
        ReceivedMail.objects.filter(pk=row.pk).update(read_at=clock.now())
    return parse(unpack(row.raw))


def _message(row: ReceivedMail) -> Message | None:
    return Message.objects.filter(pk=row.message_id).select_related("campaign").first() if row.message_id else None


def _links(parsed: ParsedMail) -> dict[str, str]:
    """The first link to click and the way to unsubscribe, for the buttons above a mail."""
    clicks = [link for link in parsed.links if "/m/c/" in link]
    leave = parsed.header("list-unsubscribe").strip("<>")
    # The first two are logo and picture; what a reader clicks stands last before the footer.
    return {"click": clicks[-1] if clicks else "", "unsubscribe": leave}


@never_cache
@require_safe
def body(request: HttpRequest, mail_id: int) -> HttpResponse:
    """The HTML of a mail, for the sandboxed frame: no script, no form, no foreign address; links open outside.

    It is of the page's origin, so that the page can make the frame as high as the mail: without scripts that gives a mail nothing.
    """
    scope = scope_of(request)
    if scope is None:
        raise Http404("no such mail")
    parsed = parse(unpack(_chosen(scope, mail_id).raw))
    html = parsed.html or format_html("<pre>{}</pre>", parsed.text)
    response = HttpResponse(html.replace("<head>", '<head><base target="_blank">', 1))
    response["Content-Security-Policy"] = (
        "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
        f"img-src 'self' {settings.PUBLIC_URL}; form-action 'none'; frame-ancestors 'self'"
    )
    response["Referrer-Policy"] = "no-referrer"
    # django-csp leaves a policy alone that is there.
    return response


@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    """Mark every mail in sight read."""
    scope = scope_of(request)
    if scope is not None:
        scope.mails().filter(read_at=None).update(read_at=clock.now())
    return redirect("mailbox")


@never_cache
@require_safe
def feed(request: HttpRequest) -> HttpResponse:
    """Mails after ``?after=``, oldest first, as JSON: for the demo's simulated readers. Developers and operators only."""
    scope = scope_of(request)
    if scope is None or not scope.everybody:
        raise Http404("no mailbox")
    after = request.GET.get("after", "0")
    start = int(after) if after.isascii() and after.isdigit() and len(after) < 19 else 0
    rows = ReceivedMail.objects.filter(pk__gt=start).order_by("id")[:100]
    data = [_fed(row) for row in rows]
    return JsonResponse({"data": data, "next": data[-1]["id"] if data else start})


def _fed(row: ReceivedMail) -> dict[str, Any]:
    parsed = parse(unpack(row.raw))
    return {
        "id": row.pk,
        "message_id": str(row.message_id) if row.message_id else "",
        "recipient": masked(row.recipient),
        "recipient_hash": row.recipient_hash,
        "subject": row.subject,
        "received_at": row.received_at.isoformat(),
        "links": [link for link in parsed.links if "/m/c/" in link],
        "unsubscribe": parsed.header("list-unsubscribe").strip("<>"),
    }
