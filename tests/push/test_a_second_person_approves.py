"""Where approval is asked for, nobody launches what they made and nobody else has seen."""

from __future__ import annotations

import json

import pytest
from django import forms as forms_of_django

from push.audiences.models import Segment
from push.audiences.saving import InUse, save_segment
from push.campaigns import drafting
from push.campaigns.launching import NotAllowed, approve, launch, missing, reject, submit, undo_launch
from push.campaigns.models import Campaign
from shop.api.keys import create_key
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


def test_a_change_after_approval_withdraws_it(campaign, author, colleague):
    approve(campaign, actor=colleague)
    launch(campaign, actor=author)
    undo_launch(campaign, actor=author)
    assert campaign.approved_at is not None, "nothing was changed"
    drafting.change(campaign, {"name": "Something else"}, actor=author)
    stored = Campaign.objects.get(pk=campaign.pk)
    assert (stored.status, stored.approved_by, stored.approved_at) == ("draft", None, None)
    with pytest.raises(NotAllowed, match="approved"):
        launch(stored, actor=author)


SHOPPERS = {"type": "attribute", "name": "locale", "op": "is", "value": "en"}
OTHERS = {"type": "attribute", "name": "locale", "op": "is", "value": "zh-hans"}


@pytest.fixture
def audience(campaign):
    segment = Segment(name="English", rule=SHOPPERS)
    save_segment(segment, actor=None)
    Campaign.objects.filter(pk=campaign.pk).update(segment=segment)
    campaign.refresh_from_db()
    return segment


def test_another_audience_withdraws_the_approval(audience, campaign, author, colleague):
    approve(campaign, actor=colleague)
    audience.name = "Speakers of English"
    assert save_segment(audience, actor=author) == []
    assert Campaign.objects.get(pk=campaign.pk).status == "approved", "its rule is the same"
    audience.rule = OTHERS
    assert save_segment(audience, actor=author) == [campaign]
    stored = Campaign.objects.get(pk=campaign.pk)
    assert (stored.status, stored.approved_by, stored.approved_at) == ("draft", None, None)
    with pytest.raises(NotAllowed, match="approved"):
        launch(campaign, actor=author)


def test_a_rule_that_the_audience_names_is_part_of_it(audience, campaign, author, colleague):
    inner = Segment(name="Inner", rule=SHOPPERS)
    save_segment(inner, actor=None)
    middle = Segment(name="Middle", rule={"type": "in_segment", "segment": inner.pk})
    save_segment(middle, actor=None)
    audience.rule = {"type": "not", "of": {"type": "in_segment", "segment": middle.pk}}
    save_segment(audience, actor=None)
    approve(campaign, actor=colleague)
    inner.rule = OTHERS
    assert save_segment(inner, actor=author) == [campaign]


def test_the_audience_of_what_was_approved_and_runs_keeps_its_rule(audience, campaign, author, colleague, client):
    approve(campaign, actor=colleague)
    launch(campaign, actor=author)
    audience.rule = OTHERS
    with pytest.raises(InUse, match=campaign.name):
        save_segment(audience, actor=author)
    assert Segment.objects.get(pk=audience.pk).rule == SHOPPERS
    answer = client.patch(
        f"/api/v1/segments/{audience.pk}",
        {"rule": OTHERS},
        content_type="application/json",
        headers={"Authorization": f"Bearer {create_key('test', 'sk')[1]}"},
    )
    assert answer.status_code == 409
    assert answer.json()["errors"][0]["pointer"] == "/rule"


def test_the_page_of_a_segment_says_whose_approval_is_withdrawn(audience, campaign, colleague, client):
    approve(campaign, actor=colleague)
    client.force_login(colleague, backend="django.contrib.auth.backends.ModelBackend")
    form = {"name": audience.name, "rule": json.dumps(OTHERS)}
    saved = client.post(f"/admin/push/segment/{audience.pk}/change/", form, follow=True)
    assert f"The audience of “{campaign.name}” has changed" in saved.content.decode()
    approve(campaign, actor=make_operator())
    launch(campaign, actor=colleague)
    refused = client.post(f"/admin/push/segment/{audience.pk}/change/", {**form, "rule": json.dumps(SHOPPERS)})
    assert "cancel it first, or save the rule as a new segment" in refused.content.decode()


def form_of(page) -> dict[str, str]:
    """What a browser would send back of a change page, untouched."""
    form = page.context["adminform"].form
    forms = [form]
    for inline in page.context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    data = {"_save": "Save"}
    for each in forms:
        for bound in each:
            value = bound.value()
            if bound.field.show_hidden_initial:
                data[bound.html_initial_name] = str(value)
            widget = bound.field.widget
            if isinstance(value, bool):
                data |= {bound.html_name: "on"} if value else {}
            elif isinstance(widget, forms_of_django.MultiWidget):
                parts = widget.decompress(value)
                data |= {f"{bound.html_name}_{n}": str(part or "") for n, part in enumerate(parts)}
            else:
                data[bound.html_name] = "" if value is None else str(value)
    return data


@pytest.fixture
def page(client, author, campaign):
    """Send the change page of the campaign with some fields changed; returns the answer and the campaign as stored."""
    client.force_login(author, backend="django.contrib.auth.backends.ModelBackend")
    url = f"/admin/push/campaign/{campaign.pk}/change/"

    def send(**changes):
        answer = client.post(url, {**form_of(client.get(url)), **changes})
        return answer, Campaign.objects.get(pk=campaign.pk)

    return send


CONTENT = '{"template": "weekly_picks", "copy": {"en": {"subject": "Other words"}}}'


def test_other_content_from_the_admin_withdraws_the_approval_and_counts_a_version(page, campaign, author, colleague):
    approve(campaign, actor=colleague)
    answer, stored = page()
    assert (answer.status_code, stored.status) == (302, "approved"), "saved without a change"
    answer, stored = page(**{"steps-0-content": CONTENT})
    assert answer.status_code == 302
    assert (stored.status, stored.approved_by, stored.approved_at) == ("draft", None, None)
    assert stored.steps.get().content_version == 2
    assert [entry.action for entry in AuditEntry.objects.order_by("-pk")[:2]] == [
        "campaign.withdraw",
        "campaign.change",
    ]


def test_what_was_approved_and_runs_cannot_be_edited(page, client, campaign, author, colleague):
    approve(campaign, actor=colleague)
    launch(campaign, actor=author)
    url = f"/admin/push/campaign/{campaign.pk}/change/"
    assert client.get(url).status_code == 200
    assert client.post(url, {"name": "Other"}).status_code == 403
    assert Campaign.objects.get(pk=campaign.pk).name == campaign.name


@pytest.mark.parametrize("content", ['{"mjml": "{% if %}"}', "[1]", '{"template": "nope"}'])
def test_content_of_which_no_message_can_be_made_is_refused_at_the_field(page, campaign, content):
    answer, stored = page(**{"steps-0-content": content})
    assert answer.status_code == 200
    assert "content" in answer.context["inline_admin_formsets"][0].formset.forms[0].errors
    assert stored.steps.get().content == {}


def test_who_makes_a_campaign_in_the_admin_cannot_approve_it(client, author):
    client.force_login(author, backend="django.contrib.auth.backends.ModelBackend")
    data = form_of(client.get("/admin/push/campaign/add/"))
    assert (
        client.post(
            "/admin/push/campaign/add/", {**data, "name": "Mine", "slug": "mine", "needs_approval": "on"}
        ).status_code
        == 302
    )
    with pytest.raises(NotAllowed, match="Somebody else"):
        approve(Campaign.objects.get(slug="mine"), actor=author)
