"""Messages from templates: prepared once per step and language, then filled per shopper.

``step.content`` is JSON, and everything in it has a default::

    {"template": "cart_left",                     a template of the library (push/content/library)
     "mjml": "...", "text": "...",                own body instead of the library's: MJML sections and plain text, with Liquid
     "copy": {"en": {"subject": "..."}, "zh-hans": {...}}}     own words for [[subject]], [[heading]], ...
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from email.utils import parseaddr
from typing import Any

from django.conf import settings

from push.campaigns.models import Campaign, Step
from push.channels.base import Material, Prepared, Rendered
from push.content import layouts, mime, showing
from push.content.templating import ContentError, Template

__all__ = ["ContentError", "EmailPrepared", "InAppPrepared", "content_locale", "prepare", "words_of"]

# From this share of octets above ASCII, base64 is shorter than quoted-printable.
_BASE64_FROM = 1 / 6


def content_locale(locale: str) -> str:
    """The language of ours that serves ``locale``: "zh-CN" is served by "zh-hans", what we do not have by English."""
    return "zh-hans" if locale.lower().startswith("zh") else "en"


def words_of(step: Step, locale: str) -> layouts.Copy:
    """Words of ``step`` in ``locale``: the library's, and the step's own over them."""
    own: Mapping[str, Mapping[str, str]] = step.content.get("copy", {})
    words = dict(layouts.library_copy(step.content.get("template", "weekly_picks"), locale))
    return words | dict(own.get(layouts.FALLBACK_LOCALE, {}) if locale not in own else {}) | dict(own.get(locale, {}))


def prepare(campaign: Campaign, step: Step, channel: str, locale: str) -> Prepared:
    """Do what is the same for every shopper: layout, MJML, inlining, parsing, encoding.

    Raises:
        ContentError: the content of ``step`` cannot be used; says where.
    """
    words = words_of(step, content_locale(locale))
    if channel == "email":
        return EmailPrepared(campaign, step, words, content_locale(locale))
    return InAppPrepared(step, words, content_locale(locale))


class _Filled:
    """What both kinds of content share: which data the templates ask for, and giving it."""

    def __init__(self, templates: list[Template], locale: str) -> None:
        self.locale = locale
        paths = {path for template in templates for path in template.paths()}
        names = {path.split(".")[0].split("[")[0] for path in paths}
        self.wants_cart = "cart" in names
        self.wants_recommendations = "recommendations" in names
        asked = {path.split(".")[1] for path in paths if path.startswith("links.")}
        self._links = showing.wanted_links(asked, locale)
        self._showcase = showing.Showcase(locale)
        self._shop = showing.shop_facts()
        self._separator = "、" if locale.startswith("zh") else ", "

    def data(self, material: Material) -> dict[str, Any]:
        """Plain dicts for the templates."""
        data: dict[str, Any] = {
            "shop": self._shop,
            "shopper": {"first_name": mime.one_line(material.name) or None, "locale": self.locale},
            "links": showing.links(material, self._links),
        }
        if self.wants_cart:
            data["cart"] = showing.cart(material, self._showcase, self._separator)
        if self.wants_recommendations:
            data["recommendations"] = showing.recommendations(material, self._showcase, self._separator)
        return data


def _hash(*parts: str) -> str:
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()


class EmailPrepared(_Filled):
    """An e-mail, ready but for the shopper.

    Args:
        words: from :func:`words_of`.

    Raises:
        ContentError: see :func:`prepare`.
    """

    def __init__(self, campaign: Campaign, step: Step, words: layouts.Copy, locale: str) -> None:
        name = step.content.get("template", "weekly_picks")
        body = step.content.get("mjml") or layouts.library_body(name, "mjml")
        text = step.content.get("text") or layouts.library_body(name, "txt")
        self._html = Template(layouts.html_source(body, words), escape=True, where="html")
        text_source = layouts.text_source(text, words)
        self._text = Template(text_source, escape=False, where="text")
        self._text_as_base64 = _share_above_ascii(text_source) > _BASE64_FROM
        self._subject = Template(words["subject"], escape=False, where="subject")
        super().__init__([self._html, self._text, self._subject], locale)
        self.version = _hash(self._html.source, text_source, words["subject"])[:12]
        self._prepare_frame(campaign, step)

    def _prepare_frame(self, campaign: Campaign, step: Step) -> None:
        boundary = mime.BOUNDARY_START + self.version
        name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
        self._domain = address.rpartition("@")[2] or "localhost"
        self._from = mime.header("From", mime.mailbox(name, address))
        self._shared = {
            "List-Id": f"<{campaign.topic}.{self._domain}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Feedback-ID": f"{campaign.pk}:{step.pk}:{campaign.topic}:pushcart",
        }
        shared = b"".join(mime.header(header, value.encode("ascii")) for header, value in self._shared.items())
        text_encoding = b"base64" if self._text_as_base64 else b"quoted-printable"
        mark = boundary.encode("ascii")
        part = b'Content-Type: text/%s; charset="utf-8"\r\nContent-Transfer-Encoding: %s\r\n\r\n'
        self._before_text = (
            shared
            + b'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="%s"\r\n\r\n--%s\r\n' % (mark, mark)
            + part % (b"plain", text_encoding)
        )
        self._before_html = b"\r\n--%s\r\n" % mark + part % (b"html", b"quoted-printable")
        self._after_html = b"\r\n--%s--\r\n" % mark

    def render(self, material: Material) -> Rendered:
        """Fill in one shopper: no database, no network; the same material gives the same bytes.

        ``raw`` is the whole message but its Date, which the channel sets when it sends.

        Raises:
            ContentError: a limit was reached, or an expression failed.
        """
        data = self.data(material)
        subject = mime.one_line("".join(self._subject.fill(data)))
        text_pieces = self._text.fill(data)
        html_pieces = self._html.fill(data)
        text, html = "".join(text_pieces), "".join(html_pieces)
        unsubscribe = data["links"].get("unsubscribe") or showing.unsubscribe_link(material)
        own = {
            "Message-ID": f"<{material.message_id}@{self._domain}>",
            "List-Unsubscribe": f"<{unsubscribe}>",
        }
        raw = b"".join(
            (
                self._from,
                mime.header("To", mime.mailbox(material.name, material.address)),
                mime.header("Subject", mime.header_text(subject)),
                *[mime.header(name, value.encode("ascii")) for name, value in own.items()],
                self._before_text,
                mime.base64_lines(text) if self._text_as_base64 else mime.encode_pieces(text_pieces),
                self._before_html,
                mime.encode_pieces(html_pieces),
                self._after_html,
            )
        )
        content_hash = mime.content_hash([subject], html_pieces, text_pieces)
        return Rendered(subject, html, text, self._shared | own, raw, {}, content_hash)


def _share_above_ascii(source: str) -> float:
    octets = source.encode()
    return sum(octet > 0x7F for octet in octets) / max(1, len(octets))


class InAppPrepared(_Filled):
    """A message of few words (inbox, later push), ready but for the shopper: ``data`` has title, body, url, picture, button."""

    def __init__(self, step: Step, words: layouts.Copy, locale: str) -> None:
        self._title = Template(words["inapp_title"], escape=False, where="inapp_title")
        self._body = Template(words["inapp_body"], escape=False, where="inapp_body")
        self._link = Template(words["inapp_link"], escape=False, where="inapp_link")
        self._button = words["inapp_button"]
        super().__init__([self._title, self._body, self._link], locale)
        self.version = _hash(words["inapp_title"], words["inapp_body"], words["inapp_link"])[:12]

    def render(self, material: Material) -> Rendered:
        """Fill in one shopper; see :meth:`EmailPrepared.render`."""
        data = self.data(material)
        title = mime.one_line("".join(self._title.fill(data)))
        body = "".join(self._body.fill(data)).strip()
        shown = [*material.cart, *material.items]
        message = {
            "title": title,
            "body": body,
            "url": mime.one_line("".join(self._link.fill(data))),
            "picture": showing.picture_url(shown[0].product, showing.THUMB_PIXELS) if shown else "",
            "button": self._button,
        }
        return Rendered(title, "", body, {}, None, message, _hash(title, body))
