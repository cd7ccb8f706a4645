"""Before its launch a campaign's page says who will get it, what could be seen of it, and how it looks to a shopper."""

from __future__ import annotations

import pytest
from django.urls import reverse

from push.audiences.reach import waterfall
from push.campaigns import launching
from push.campaigns.models import Campaign
from shop.models import User
from tests.factories.campaigns import make_audience, make_campaign
from tests.factories.people import make_operator

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft():
    make_audience(30)
    return make_campaign(name="Soup week", holdout_share=2000)


def test_the_waterfall_of_the_page_is_that_of_planning(client, draft, untranslated) -> None:
    client.force_login(make_operator())
    reach = waterfall(draft, draft.steps.get())
    assert reach.held_out > 0
    found = client.get(reverse("admin:campaign_report", args=[draft.pk])).content.decode()
    assert f"{reach.will_get} shoppers would get it now" in found
    assert f"<b>=\u202f{reach.will_get}</b>" in found
    assert f"<b>\u2212\u202f{reach.held_out}</b>" in found
    assert "What could we see?" in found
    assert "From planned to ordered" not in found, "nothing was planned"
    chinese = client.get(reverse("admin:campaign_report", args=[draft.pk]), HTTP_ACCEPT_LANGUAGE="zh-hans")
    assert "谁会收到" in chinese.content.decode()
    assert untranslated == set()


def test_a_campaign_that_is_planned_for_nobody_yet_does_not_say_that_everybody_got_it(
    client, draft, untranslated
) -> None:
    client.force_login(make_operator())
    Campaign.objects.filter(pk=draft.pk).update(status=Campaign.Status.RUNNING)
    page = reverse("admin:campaign_report", args=[draft.pk])
    found = client.get(page).content.decode()
    assert "From planned to ordered" in found, "the control"
    assert "Nobody is planned yet: there is nobody to be left out." in found
    assert "Everybody planned so far got it." not in found
    assert "还没有计划发送给任何人" in client.get(page, HTTP_ACCEPT_LANGUAGE="zh-hans").content.decode()
    assert untranslated == set()


def test_the_preview_is_the_message_of_a_shopper_and_can_do_nothing(client, draft) -> None:
    client.force_login(make_operator())
    where = reverse("admin:campaign_preview", args=[draft.pk, draft.steps.get().pk])
    response = client.get(where)
    assert response.status_code == 200
    assert response["Content-Security-Policy"].startswith("sandbox allow-same-origin; default-src 'none'")
    assert "<script" not in response.content.decode()
    assert "Nobody can be reached" in client.get(where, {"as": "nobody-of-that-name"}).content.decode()


def test_the_preview_names_people_and_is_for_those_who_may_see_them(client, draft) -> None:
    viewer = User.objects.create_user("viewer@example.org", "a-long-password", is_staff=True, role=User.Role.VIEWER)
    client.force_login(viewer, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(reverse("admin:campaign_report", args=[draft.pk]))
    assert "your role may not see personal data" in page.content.decode()
    assert client.get(reverse("admin:campaign_preview", args=[draft.pk, draft.steps.get().pk])).status_code == 403


def test_triggers_topics_channels_and_weekdays_are_chosen_not_typed(client, draft) -> None:
    client.force_login(make_operator())
    draft.topic = "birthdays"
    draft.save()
    found = client.get(reverse("admin:push_campaign_change", args=[draft.pk])).content.decode()
    for option in ("Cart left", "News and offers", "Thursday", "Inbox"):
        assert f">{option}</option>" in " ".join(found.split()).replace("> ", ">").replace(" <", "<")
    assert '<option value="birthdays" selected' in found, "a name of the shop's own stays"


def test_nobody_approves_from_a_page_what_became_a_draft_again_meanwhile(client, draft, untranslated) -> None:
    client.force_login(make_operator())
    report = reverse("admin:campaign_report", args=[draft.pk])
    approval = {"act": "approve", "reason": "read and found good"}
    refused = client.post(report, approval, follow=True, HTTP_ACCEPT_LANGUAGE="zh-hans").content.decode()
    assert "打开此页面后有人做了更改" in refused
    assert untranslated == set()
    draft.refresh_from_db()
    assert draft.approved_at is None
    launching.submit(draft, actor=None)
    client.post(report, approval)
    draft.refresh_from_db()
    assert draft.status == "approved"
