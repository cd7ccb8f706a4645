"""What a Chinese shopper receives is Chinese throughout, and calls them 你 as the pages do."""

from __future__ import annotations

import email
import html
import re
from dataclasses import replace
from email import policy

import pytest
from django.conf import settings
from django.core import mail
from django.utils import translation

from push.content import layouts
from push.content.rendering import prepare
from recommender.slates import reasons
from shop.orders import changing, mailing
from shop.orders.payment import PENDING_CARD
from tests.factories.catalogue import make_product
from tests.factories.messages import make_message, make_step, material
from tests.factories.orders import make_cart, order_cart
from tests.factories.people import make_shopper, make_visitor

# Three words in a row are a sentence; names, sizes and addresses have fewer.
ENGLISH = re.compile(r"[A-Za-z]{2,}(?:[ ,]+[A-Za-z]{2,}){2,}")
HAN = re.compile(r"[\u4e00-\u9fff]")


def words_of(message) -> str:
    """Everything that a reader sees: subject, HTML without its tags, text without addresses."""
    seen = [message["subject"]]
    for part in message.walk():
        if part.get_content_maintype() == "text":
            text = re.sub(r"(?s)<(style|title)\b.*?</\1>|<!--.*?-->", " ", part.get_content())
            seen.append(re.sub(r"https?://\S+", " ", html.unescape(re.sub(r"<[^>]+>", "\n", text))))
    # The shop's postal address is written as the post reads it.
    return "\n".join(seen).replace(settings.SHOP_ADDRESS, "")


def check(message) -> None:
    words = words_of(message)
    assert HAN.search(message["subject"]), message["subject"]
    assert len(HAN.findall(words)) > 50
    assert ENGLISH.findall(words) == []
    assert "您" not in words


@pytest.mark.django_db
@pytest.mark.parametrize("template", list(layouts.names()))
@pytest.mark.parametrize("code", sorted(reasons.WORDS))
def test_a_campaign_s_mail(template, code) -> None:
    with translation.override("zh-hans"):
        reason, heading = str(reasons.WORDS[code]), str(reasons.HEADINGS.get(code, "精选"))
    params = dict.fromkeys(re.findall(r"%\((\w+)\)", reason + heading), 3)
    step = make_step(template=template)
    message = make_message(make_shopper("wei@example.org"), step)
    given = material(message_id=message.pk, address="wei@example.org", name="魏", locale="zh-hans")
    items = tuple(replace(item, reason=reason % params) for item in given.items)
    given = replace(given, items=items, heading=heading % params)
    raw = prepare(message.campaign, message.step, "email", "zh-hans").render(given).raw
    check(email.message_from_bytes(raw, policy=policy.default))


@pytest.mark.django_db
def test_the_mails_about_an_order() -> None:
    visitor = make_visitor()
    with translation.override("zh-hans"):
        order = order_cart(make_cart(visitor, make_product(name_zh="燕麦片")), visitor, card_number=PENDING_CARD)
    for act in (None, changing.confirm, changing.ship):
        if act:
            act(order)
        mailing.send_due()
        check(email.message_from_bytes(mail.outbox[-1].message().as_bytes(), policy=policy.default))
    assert len(mail.outbox) == 3
