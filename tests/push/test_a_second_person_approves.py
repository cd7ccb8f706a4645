"""Where approval is asked for, nobody launches what they made and nobody else has seen."""

from __future__ import annotations

import pytest
from django import forms as forms_of_django

from push.campaigns import drafting
from push.campaigns.launching import NotAllowed, approve, launch, missing, reject, submit, undo_launch
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
