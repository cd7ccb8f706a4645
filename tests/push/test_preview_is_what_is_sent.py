"""What the operator sees before launch is, octet by octet, what the mail server gets."""

from __future__ import annotations

import pytest

from push.campaigns.planning import plan_occurrence
from push.content.previewing import preview
from push.content.rendering import ContentError
from push.delivery.dispatching import dispatch_batch
from push.models import Campaign, Message, Step
from shop import clock as time
from shop.people import consents
from tests.factories.catalogue import make_product
from tests.factories.people import make_shopper


@pytest.fixture
def campaign(db):
    made = Campaign.objects.create(
        name="Weekly picks",
        slug="weekly-picks",
        topic="picks",
        status="running",
        holdout_share=0,
        keep_quiet_hours=False,
    )
    Step.objects.create(
        campaign=made, channel="email", content={"template": "weekly_picks"}, slot="email", slate_size=3
    )
    return made


def test_the_preview_is_octet_by_octet_what_is_sent(campaign, smtp, clock) -> None:
    for number in range(5):
        make_product(name_en=f"Product {number}", name_zh=f"商品{number}", units_sold=number, stock=9)
    step = campaign.steps.get()
    shoppers = [
        make_shopper("maya@example.org", name="Maya Rivers"),
        make_shopper("wei@example.org", name="陈伟", locale="zh-hans"),
    ]
    for shopper in shoppers:
        consents.give(shopper, "email", "picks", source="account")
    seen = {shopper.user.email: preview(campaign, step, "email", shopper) for shopper in shoppers}
    assert not Message.objects.exists()

    plan_occurrence(campaign, run_key="", at={"": time.now()})
    assert dispatch_batch(campaign.pk) == 2
    sent = {envelope.recipients[0]: envelope.data.partition(b"\r\n")[2] for envelope in smtp.taken}
    assert sent == {address: rendered.raw for address, rendered in seen.items()}
    hashes = {row.shopper.user.email: row.content_hash for row in Message.objects.select_related("shopper__user")}
    assert hashes == {address: rendered.content_hash for address, rendered in seen.items()}


def test_a_test_send_s_links_are_not_counted(campaign, clock) -> None:
    make_product(units_sold=3)
    shopper = make_shopper("maya@example.org")
    step = campaign.steps.get()
    test = preview(campaign, step, "email", shopper, counted=False)
    assert test.subject == preview(campaign, step, "email", shopper).subject
    assert test.raw != preview(campaign, step, "email", shopper).raw


def test_a_preview_with_nothing_to_show_says_so(campaign, clock) -> None:
    with pytest.raises(ContentError, match="nothing is left"):
        preview(campaign, campaign.steps.get(), "email", make_shopper("maya@example.org"))
