"""Whatever stands in a name, a product or a reason: the message parses, says exactly that, and nothing else."""

from __future__ import annotations

import email
import re
from decimal import Decimal
from email import policy
from email.message import EmailMessage
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from push.channels.base import Item
from push.content import mime
from push.content.rendering import EmailPrepared, prepare
from push.content.templating import require_plain
from tests.factories.messages import material, unsaved_product, unsaved_step

ANY_TEXT = st.text(max_size=120)
NASTY = st.sampled_from(
    [
        "\r\nBcc: victim@example.org\r\n\r\nbody",
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "{{ shop.name }}{% raw %}",
        "=?utf-8?q?=41?=",
        "=\r\n.\r\n",
        "\x00\x01\x7f\u2028\ufeff",
        "家" * 60,
        "A" * 120,
        "LQ0QL <!--LQ1QL-->",
        "\ud800",
        ".",
        "=_pushcart_",
        "--=_pushcart_--",
    ]
)
VALUE = st.one_of(ANY_TEXT, NASTY)
HEADERS = {
    "from", "to", "subject", "message-id", "list-unsubscribe", "list-id", "list-unsubscribe-post", "feedback-id",
    "mime-version", "content-type", "date",
}  # fmt: skip
PREPARED: dict[tuple[str, str], EmailPrepared] = {}


def prepared(template: str, locale: str) -> EmailPrepared:
    key = (template, locale)
    if key not in PREPARED:
        step = unsaved_step(template=template)
        PREPARED[key] = prepare(step.campaign, step, "email", locale)
    return PREPARED[key]


def parse(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(b"Date: Mon, 02 Mar 2026 12:00:00 +0000\r\n" + raw, policy=policy.default)


def content(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return part.get_content().replace("\r\n", "\n").rstrip("\n")


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.attributes: set[str] = set()
        self.text: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        self.text.append(data)


def tags(html: str) -> Tags:
    found = Tags()
    found.feed(html)
    found.close()
    return found


@pytest.mark.parametrize("locale", ["en", "zh-hans"])
@pytest.mark.parametrize("template", ["cart_left", "weekly_picks"])
@settings(max_examples=60, deadline=None)
@given(name=VALUE, product=VALUE, brand=VALUE, reason=VALUE, heading=VALUE)
def test_the_parsed_message_has_the_subject_html_and_text_that_were_meant(
    template, locale, name, product, brand, reason, heading
) -> None:
    item = Item(unsaved_product(1, name_en=product, name_zh=product, brand=brand), reason=reason, quantity=3)
    given_material = material(name=name, heading=heading, items=(item, item), cart=(item,) * 6, locale=locale)
    rendered = prepared(template, locale).render(given_material)
    message = parse(rendered.raw)

    assert not message.defects
    assert {header.lower() for header in message} == HEADERS
    assert message["subject"] == rendered.subject
    assert content(message, "html") == rendered.html.rstrip("\n")
    assert content(message, "plain") == rendered.text.rstrip("\n")
    assert [address.addr_spec for address in message["to"].addresses] == ["maya@example.org"]
    assert message["to"].addresses[0].display_name == mime.display_name(name)
    assert max(len(line) for line in rendered.raw.split(b"\r\n")) <= 998
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", rendered.raw)


@pytest.mark.parametrize("template", ["cart_left", "weekly_picks"])
@settings(max_examples=60, deadline=None)
@given(value=VALUE)
def test_no_value_adds_an_element_or_an_attribute(template, value) -> None:
    def html(text: str) -> str:
        item = Item(unsaved_product(1, name_en=text, brand=text), reason=text)
        given_material = material(name="Maya", heading=text, items=(item,), cart=(item,))
        return prepared(template, "en").render(given_material).html

    hostile, harmless = tags(html(f"x{value}")), tags(html("x"))
    assert hostile.seen == harmless.seen
    assert hostile.attributes == harmless.attributes


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.booleans(), VALUE), max_size=12))
def test_static_and_filled_pieces_decode_to_their_text(parts) -> None:
    import quopri

    texts = [mime.clean(text) for _, text in parts]
    pieces = [mime.Static(text) if static else text for (static, _), text in zip(parts, texts, strict=True)]
    encoded = mime.encode_pieces(pieces)
    assert quopri.decodestring(encoded).replace(b"\r\n", b"\n").decode() == "".join(texts)
    assert all(len(line) <= 77 for line in encoded.split(b"\r\n"))


@given(VALUE)
def test_a_header_text_is_one_line_that_decodes_to_itself(text) -> None:
    subject = mime.one_line(text)
    message = email.message_from_bytes(
        mime.header("Subject", mime.header_text(subject)) + b"\r\n", policy=policy.default
    )
    assert message["subject"] == subject
    assert list(message) == ["Subject"]


@given(VALUE)
def test_templates_are_given_plain_data_only(text) -> None:
    filled = prepared("cart_left", "en").data(
        material(name=text, cart=(Item(unsaved_product(2, price=Decimal("0.10"))),))
    )
    require_plain(filled)
    with pytest.raises(TypeError, match=r"data\.product is a Product"):
        require_plain({**filled, "product": unsaved_product(2, price=Decimal("0.10"))})


@pytest.mark.parametrize("locale", ["en", "zh-hans"])
@pytest.mark.parametrize("template", ["cart_left", "weekly_picks"])
def test_a_mail_loads_nothing_from_a_foreign_host_and_only_pictures_that_are_drawn(template, locale, settings) -> None:
    from shop.catalogue.packshots import PICTURE_WIDTHS

    html = prepared(template, locale).render(material(locale=locale)).html
    # Names of XML vocabularies, which nobody loads.
    addresses = set(re.findall(r"https?://[^\s\"'<>)]+", html.replace("http://www.w3.org/1999/xhtml", "")))
    assert all(address.startswith(settings.PUBLIC_URL) for address in addresses), addresses
    assert {int(width) for width in re.findall(r"[.]png[?]w=([0-9]+)", html)} <= set(PICTURE_WIDTHS)
