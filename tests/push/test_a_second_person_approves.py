"""Where approval is asked for, nobody launches what they made and nobody else has seen."""

from __future__ import annotations

import pytest

from push.campaigns.launching import NotAllowed, approve, launch, missing, reject, submit
from push.campaigns.models import Campaign
from shop.operators.models import AuditEntry
from tests.factories.campaigns import make_campaign
from tests.factories.people import make_operator

pytestmark = pytest.mark.django_db


@pytest.fixture
def author():
    return make_operator()


@pytest.fixture
def colleague():
    return make_operator()


@pytest.fixture
def campaign(author, clock):
    return make_campaign(needs_approval=True, created_by=author)


def test_it_is_not_launched_before_somebody_has_approved(campaign, author):
    with pytest.raises(NotAllowed, match="approved"):
        launch(campaign, actor=author)
    assert Campaign.objects.get(pk=campaign.pk).status == "draft"


def test_its_author_cannot_approve_it(campaign, author):
    submit(campaign, actor=author)
    with pytest.raises(NotAllowed, match="Somebody else"):
        approve(campaign, actor=author)
    assert Campaign.objects.get(pk=campaign.pk).approved_by is None


def test_a_colleague_approves_and_the_author_launches(campaign, author, colleague, clock):
    submit(campaign, actor=author)
    approve(campaign, actor=colleague, reason="looks right")
    stored = Campaign.objects.get(pk=campaign.pk)
    assert (stored.status, stored.approved_by, stored.approved_at) == ("approved", colleague, clock())
    assert missing(stored) == []
    launch(stored, actor=author)
    acts = list(AuditEntry.objects.order_by("pk").values_list("action", "actor"))
    assert acts[-3:] == [
        ("campaign.submit", author.pk),
        ("campaign.approve", colleague.pk),
        ("campaign.launch", author.pk),
    ]


def test_what_was_sent_back_needs_another_approval(campaign, author, colleague):
    submit(campaign, actor=author)
    approve(campaign, actor=colleague)
    reject(campaign, actor=colleague, reason="the price is wrong")
    stored = Campaign.objects.get(pk=campaign.pk)
    assert (stored.status, stored.approved_by, stored.approved_at) == ("draft", None, None)
    with pytest.raises(NotAllowed):
        launch(stored, actor=author)
