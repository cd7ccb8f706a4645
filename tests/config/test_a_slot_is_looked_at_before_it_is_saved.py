"""A slot is edited beside what it shows, saved only after a look at who sees what, and never over somebody else's change."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from django.urls import reverse

from recommender.models import Slate, Slot
from recommender.slots import boosting, saving
from recommender.slots.defaults import DEFAULT_SLOTS
from recommender.slots.pinning import in_shop_time
from shop.models import AuditEntry
from tests.factories.campaigns import make_campaign
from tests.factories.catalogue import make_product
from tests.factories.people import make_operator, make_shopper

pytestmark = pytest.mark.django_db


@pytest.fixture
def shelf() -> None:
    # Tests of real transactions empty the tables, rows of migrations included.
    for slot in DEFAULT_SLOTS:
        Slot.objects.get_or_create(name=slot["name"], defaults=slot)
    for number in range(12):
        make_product(
            id=f"p{number:02}",
            name_en=f"Tea {number}",
            units_sold=100 - number,
            price=number + 1,
            attributes={"net weight": number},
        )


@pytest.fixture
def editor(client, shelf, django_capture_on_commit_callbacks):
    """Post the editor's form of the slot "home" with some fields changed; answers with the page."""
    client.force_login(make_operator())
    slot = Slot.objects.get(name="home")
    address = reverse("admin:recommender_slot_change", args=[slot.pk])

    def post(act: str, to: str = "", **changed) -> tuple[int, str]:
        form = client.get(address).context["form"]
        fields = {name: form[name].value() for name in form.fields}
        fields = {name: value for name, value in fields.items() if value is not None and value is not False}
        for lines in ("boosts", "mix", "fallbacks", "pins"):
            fields |= {f"{lines}-TOTAL_FORMS": 1, f"{lines}-INITIAL_FORMS": 0}
        version = Slot.objects.get(pk=slot.pk).version
        with django_capture_on_commit_callbacks(execute=True):
            answer = client.post(
                to or address, {**fields, "pk": slot.pk, "version": version, "act": act, **changed}, follow=True
            )
        return answer.status_code, answer.content.decode()

    return post


def looked(page: str) -> str:
    found = re.search(r'name="looked" value="(\w+)"', page)
    return found[1] if found else ""


def test_a_change_is_shown_with_who_sees_it_and_saved_after_that(editor) -> None:
    wanted = {
        "size": 6,
        "boosts-0-where": "price > 11",
        "boosts-0-factor": 50,
        "boosts-0-starts_at": "2026-05-01T08:00",
        "pins-0-product_id": "p07",
        "pins-0-position": 1,
    }
    _, blind = editor("save", **wanted)
    assert Slot.objects.get(name="home").size == 10, "what nobody looked at is not saved"
    _, page = editor("look", **wanted)
    assert "1 of 1 would see something else" in page
    assert "price &gt; 11 × 50 from 1 May 2026 08:00" in page
    assert "Tea 7 at 1" in page
    assert looked(page) == looked(blind)
    _, other = editor("save", looked=looked(page), **wanted | {"size": 7})
    assert Slot.objects.get(name="home").size == 10, "what is saved is what was looked at"
    editor("save", looked=looked(other), reason="a quiet week", **wanted | {"size": 7})
    slot = Slot.objects.get(name="home")
    boost = boosting.line_of("price > 11", 50.0, in_shop_time(datetime(2026, 5, 1, 8)))
    assert (slot.size, slot.version, slot.boosts) == (7, 2, [boost])
    assert [(pin.product_id, pin.position) for pin in slot.pins.all()] == [("p07", 1)]
    assert AuditEntry.objects.get(action="slot.change").reason == "a quiet week"


def test_what_somebody_else_saved_meanwhile_is_not_written_over_unseen(editor) -> None:
    _, page = editor("look", size=6)
    slot = Slot.objects.get(name="home")
    slot.size = 8
    saving.save(slot, actor=None)
    _, page = editor("save", looked=looked(page), version=1, size=6)
    assert Slot.objects.get(name="home").size == 8
    assert "meanwhile" in page
    editor("save", looked=looked(page), size=6)
    assert Slot.objects.get(name="home").size == 6


def test_wrong_settings_are_named_at_their_fields_and_nothing_is_lost(editor) -> None:
    _, page = editor("look", filter="attributes.weight < 5")
    assert "Did you mean “net weight”?" in page
    assert "<code>attributes[&quot;net weight&quot;]</code>" in page, "those that there are"
    _, page = editor("look", filter='brnd == "Nido"', **{"pins-0-product_id": "no-such", "pins-0-position": 1})
    assert "brnd" in page
    assert "There is no product “no-such”" in page
    assert 'value="no-such"' in page, "what was typed stays"
    assert not looked(page)


def test_what_is_wrong_is_listed_with_its_line_and_leads_to_its_field(editor) -> None:
    two = {"boosts-TOTAL_FORMS": 2, "boosts-0-where": "price < 5", "boosts-0-factor": 2, "boosts-1-where": "price > 5"}
    wanted = {**two, "boosts-1-factor": 101, "pins-0-product_id": "no-such", "pins-0-position": 0}
    for act, to in (("look", ""), ("preview", reverse("admin:slot_preview"))):
        _, page = editor(act, to, **wanted)
        assert '<a href="#id_boosts-1-factor">Boosts and buries, line 2, Factor</a>: Ensure this value' in page
        assert "or equal to 100." in page, "no 100.0"
        assert '<a href="#id_pins-0-position">Pinned products, line 1, Place in the row</a>' in page
    assert "2 things to mend." in page, "said aloud in one sentence"
    _, page = editor("look", **wanted)
    assert 'aria-describedby="id_boosts-1-factor_error"' in page
    assert 'id="id_boosts-1-factor_error"' in page
    _, page = editor("look", **wanted | {"boosts-1-factor": 3, "pins-0-position": 1})
    assert '<a href="#id_pins-0-product_id">Pinned products, line 1, Product</a>: There is no product “no-such”' in page
    assert 'aria-describedby="id_pins-0-product_id_error"' in page


def test_what_is_wrong_with_a_line_counts_only_lines_that_are_filled_in(editor) -> None:
    three = {"pins-TOTAL_FORMS": 3, "pins-0-product_id": "p01", "pins-0-position": 1, "pins-0-DELETE": "on"}
    three |= {"pins-1-product_id": "p02", "pins-1-position": 1, "pins-2-product_id": "p03", "pins-2-position": 1}
    boosts = {"boosts-TOTAL_FORMS": 2, "boosts-1-where": "prcie < 5", "boosts-1-factor": 2}
    _, page = editor("look", **three, **boosts)
    assert '<a href="#id_pins-2-position">Pinned products, line 3, Place in the row</a>: Place 1 has “p02”' in page
    assert '<a href="#id_boosts-1-where">Boosts and buries, line 2, Where</a>: ' in page
    assert '<div class="bd s" id="id_pins-2-position_error"><p>Place 1 has “p02”' in page


def test_each_pin_says_whether_it_is_in_force(client, shelf, clock) -> None:
    client.force_login(make_operator())
    slot = Slot.objects.get(name="home")
    day = timedelta(days=1)
    for place, (starts, ends) in enumerate(((None, None), (clock.time + day, None), (None, clock.time - day)), 1):
        slot.pins.create(product_id=f"p{place:02}", position=place, starts_at=starts, ends_at=ends)
    page = client.get(reverse("admin:recommender_slot_change", args=[slot.pk])).content.decode()
    words = re.findall(
        r'Pinned products, line \d.*?(?:<span class="tag \w*">([\w ]+)</span></div>|</label></div>)', page, re.S
    )
    assert words == ["in force", "not yet", "over", ""], "a new line says nothing"
    named = re.findall(r'id="id_pins-\d-product_id_helptext">([^<]*)<', page)
    assert named == ["Tea 1", "Tea 2", "Tea 3"], "a number tells nobody which product it is"
    assert "The pin of “Tea 3” has ended." in page


def test_the_preview_is_of_the_form_and_logs_nothing(editor) -> None:
    status, page = editor("preview", reverse("admin:slot_preview"), filter="price > 11")
    assert status == 200
    assert "The filter lets 1 products through" in page
    assert page.index("As saved") < page.index("As filled in")
    after = page[page.index("As filled in") :]
    assert "/p11/" in after
    assert "/p00/" not in after
    assert Slot.objects.get(name="home").filter == ""
    assert not Slate.objects.exists()


def test_the_preview_says_that_there_is_no_such_shopper_and_who_declined_personal_rows(editor) -> None:
    def said(shopper: str) -> str:
        return editor("preview", reverse("admin:slot_preview"), shopper=shopper)[1]

    anna = make_shopper()
    assert "There is no shopper “nobody-here”." in said("nobody-here")
    assert "There is no shopper" not in said(anna.pk) + said("")
    anna.personalised = False
    anna.save()
    page = said(anna.pk)
    assert ("switched personal rows off" in page, "Nothing is known" in page) == (True, False)


def test_a_slot_of_the_shops_own_pages_is_not_deleted_and_another_is_with_its_reason(client, shelf) -> None:
    client.force_login(make_operator())
    home = Slot.objects.get(name="home")
    client.post(reverse("admin:recommender_slot_change", args=[home.pk]), {"act": "delete"})
    assert Slot.objects.filter(name="home").exists()
    own = saving.save(Slot(name="tea", type="for_you"), actor=None)
    campaign = make_campaign()
    campaign.steps.update(slot="tea")
    address = reverse("admin:recommender_slot_change", args=[own.pk])
    told = client.post(address, {"act": "delete"}, follow=True).content.decode()
    assert campaign.name in told
    assert Slot.objects.filter(name="tea").exists(), "a campaign shows it"
    campaign.delete()
    client.post(address, {"act": "delete", "reason": "season over"})
    assert not Slot.objects.filter(name="tea").exists()
    assert AuditEntry.objects.get(action="slot.delete").reason == "season over"


def test_a_viewer_looks_and_changes_nothing_and_the_page_is_chinese_too(client, shelf, untranslated) -> None:
    client.force_login(make_operator(role="viewer"))
    slot = Slot.objects.get(name="home")
    address = reverse("admin:recommender_slot_change", args=[slot.pk])
    page = client.get(address, HTTP_ACCEPT_LANGUAGE="zh-hans").content.decode()
    assert 'value="look"' not in page
    assert client.post(address, {"act": "look"}).status_code == 403
    listed = client.get(reverse("admin:recommender_slot_changelist"), HTTP_ACCEPT_LANGUAGE="zh-hans").content.decode()
    assert "recently-viewed" in listed
    assert untranslated == set()
