"""For a newcomer what is popular is the right answer; the dashboard counts as fallback only what failed whoever is known."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache

from config import doctor
from config.dashboard import needs, period, slots
from recommender.explanations.missing import Why, ask_now, choice_now, why_not
from recommender.known import champions
from recommender.models import ModelVersion, Slate, Slot, SlotDay, SlotHour
from recommender.serving import recommend
from recommender.slates import rollups, slate_log
from recommender.slates.slate import Reason, SlateItem, is_fallback
from recommender.slates.slate_ids import new_slate_id
from recommender.slots import saving
from recommender.slots.alarms import SHORT, alarms
from recommender.slots.titles import titles
from shop import clock
from shop.days import day_of
from shop.events import recording
from shop.events.consumers import Runner
from tests.factories.catalogue import make_product
from tests.factories.experiments import CHAMPION, POPULAR, make_experiment

pytestmark = pytest.mark.django_db
VISITOR = "v-" + "1" * 24


@pytest.fixture
def save(django_capture_on_commit_callbacks):
    def saved(**fields) -> None:
        slot = Slot.objects.get(name="home")
        for name, value in fields.items():
            setattr(slot, name, value)
        with django_capture_on_commit_callbacks(execute=True):
            saving.save(slot, actor=None)

    return saved


def test_a_slate_knows_whether_there_was_anything_to_choose_by(shop) -> None:
    assert not recommend("home", visitor_id=VISITOR).known
    assert not recommend("home", shopper_id="nobody-bought-as-this-one").known
    assert not recommend("cart", visitor_id=VISITOR).known
    assert recommend("product", product_id="tea").known
    assert recommend("home", shopper_id="s1").known
    assert recommend("email", shopper_id="s1").known
    assert not recommend("home", shopper_id="s1", personalised=False).known
    recording.record("product_added", visitor_id=VISITOR, product_id="tea", quantity=1)
    assert recommend("home", visitor_id=VISITOR).known
    assert recommend("cart", visitor_id=VISITOR).known


def test_a_slate_is_a_fallback_where_more_than_half_is_what_anybody_gets() -> None:
    popular, of_shelf, own = (
        SlateItem("p", 1.0, Reason(code), source)
        for code, source in (
            *(("best_seller", "popular"), ("popular_in_category", "popular")),
            ("session", "blend"),
        )
    )
    assert is_fallback((popular, popular, own))
    assert not is_fallback((popular, popular, own, own)), "half is not more"
    assert not is_fallback((of_shelf, of_shelf, popular)), "another product in view brings others"
    assert is_fallback(())


def test_what_an_experiment_holds_out_falls_back_on_purpose_and_an_arm_without_its_model_does_not(
    shop, django_capture_on_commit_callbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        make_experiment(CHAMPION, POPULAR)

    def fallbacks() -> int:
        for number in range(24):
            recommend("home", visitor_id=f"{VISITOR}{number}", shopper_id="s1")
        Runner(slate_log.SlateConsumer()).drain()
        rollups.refresh()
        assert SlotHour.objects.get().fallback == SlotDay.objects.get().fallback
        return SlotDay.objects.get().fallback

    assert fallbacks() == 0
    held_out = Slate.objects.filter(variant="home-test:b").count()
    assert 0 < held_out < 24, "both arms were shown"
    ModelVersion.objects.update(status=ModelVersion.Status.RETIRED)
    champions.load()
    assert fallbacks() == 24 - held_out


def test_hours_are_kept_for_a_week_and_a_day() -> None:
    hour = clock.now().replace(minute=0, second=0, microsecond=0)
    SlotHour.objects.bulk_create(
        SlotHour(hour=hour - timedelta(days=days), slot="home", slates=1, known=1, fallback=0, short=0)
        for days in (1, 7, 9)
    )
    rollups.refresh()
    assert SlotHour.objects.count() == 2


def _slates(number: int, *, known: bool, fallback: bool, model: str = "blend-1") -> None:
    Slate.objects.bulk_create(
        Slate(id=new_slate_id(), slot="home", model=model, known=known, fallback=fallback) for _ in range(number)
    )


def test_an_alarm_is_raised_for_known_visitors_alone(shop) -> None:
    _slates(300, known=False, fallback=True)
    _slates(200, known=True, fallback=False)
    rollups.refresh()
    day = SlotDay.objects.get(slot="home")
    assert (day.slates, day.newcomers, day.fallback) == (500, 300, 0)
    assert list(needs._failing_slots()) == []
    _slates(50, known=True, fallback=True)
    rollups.refresh()
    now = clock.now()
    row = slots.sums(now, now)["home"]
    assert (row["known"], row["fallback"]) == (250, 50)
    assert "20.0 %" in next(needs._failing_slots()).heading


def test_where_no_model_serves_every_slate_is_a_fallback() -> None:
    _slates(120, known=False, fallback=True, model="popular")
    rollups.refresh()
    assert "100.0 %" in next(needs._failing_slots()).heading


@pytest.mark.parametrize("kind", ["fallback", "short"])
@pytest.mark.parametrize("failed", [0, 12, 13])
def test_each_slot_is_an_alarm_by_its_own_title_above_the_share_that_is_set(settings, kind, failed) -> None:
    settings.SLOT_ALARM_SHARE, settings.SLOT_ALARM_SLATES, settings.SLOT_ALARM_HOURS = 0.1, 120, 2
    tea = Slot.objects.create(name="tea-corner", title="Tea corner", type="for_you")
    Slot.objects.create(name="closed", type="for_you", active=False)
    hour = clock.now().replace(minute=0, second=0, microsecond=0)

    def hours(name: str, slates: int, broken: int, back: int = 0) -> None:
        counts = {"fallback": 0, "short": 0, kind: broken}
        SlotHour.objects.create(hour=hour - timedelta(hours=back), slot=name, slates=slates, known=slates, **counts)

    hours("tea-corner", 60, failed, back=2)
    for name, slates in (("tea-corner", 60), ("home", 119), ("closed", 500)):
        hours(name, slates, 0 if name == "tea-corner" else slates)
    hours("tea-corner", 900, 900, back=3)
    day = day_of(clock.now()) - timedelta(days=2)
    SlotDay.objects.create(day=day, slot="tea-corner", slates=120, fallback=0, seen=0, clicked=0)
    raised = list(needs._failing_slots())
    assert [alarm.url for alarm in raised] == ([f"/admin/recommender/slot/{tea.pk}/change/"] if failed == 13 else [])
    said = "falls back in 10.8 %" if kind == "fallback" else "is not full in 10.8 %"
    assert all(f"“Tea corner” {said}" in alarm.heading for alarm in raised)
    rows = {row["label"]: row["alarm"] for row in slots.panel(period.of("7"))["rows"]}
    assert rows["Tea corner"] is (failed == 13)
    told = [finding.finding for finding in doctor.models() if finding.check == "slates"]
    assert [line.split(":")[0] for line in told] == (["tea-corner"] if failed == 13 else [])


def test_a_slate_that_is_not_full_is_counted_and_a_row_that_may_be_shorter_is_not(
    shop, settings, django_capture_on_commit_callbacks
) -> None:
    settings.SLOT_ALARM_SLATES = 3
    narrow = Slot(name="narrow", type="for_you", filter='id in ["tea", "pasta"]', size=4)
    with django_capture_on_commit_callbacks(execute=True):
        saving.save(narrow, actor=None)
    for number in range(3):
        recommend("narrow", visitor_id=f"{VISITOR}{number}")
        recommend("recently-viewed", visitor_id=f"{VISITOR}{number}")
        recommend("home", visitor_id=f"{VISITOR}{number}", k=3)
    Runner(slate_log.SlateConsumer()).drain()
    rollups.refresh()
    assert [(alarm.slot, alarm.share, alarm.slates) for alarm in alarms() if alarm.kind == SHORT] == [
        ("narrow", 100, 3)
    ]
    assert dict(SlotHour.objects.values_list("slot", "short")) == {"narrow": 3, "recently-viewed": 0, "home": 0}


def test_an_empty_row_fails_only_where_it_is_to_be_full(save) -> None:
    make_product(id="tea")
    recording.record("product_viewed", visitor_id=VISITOR, product_id="tea")
    viewed = recommend("recently-viewed", visitor_id=VISITOR, product_id="tea")
    assert (viewed.items, viewed.known, viewed.fallback) == ((), True, False), "the one product looked at is in view"
    narrow = recommend("home", visitor_id=VISITOR, shopper_id="s1")
    assert (narrow.items, narrow.fallback) == ((), True), "the control: there is nothing else to show"
    save(active=False)
    off = recommend("home", visitor_id=VISITOR, shopper_id="s1")
    assert (off.items, off.fallback, off.short) == ((), False, False)
    asked = ask_now("home")
    assert why_not(asked, choice_now(asked), "tea").why == Why.OFF


def test_slots_are_told_apart_by_their_titles() -> None:
    Slot.objects.create(name="second", type="trending")
    Slot.objects.filter(name="product").update(title="Goes with it")
    found = titles()
    assert (found["home"], found["product"]) == ("Home page", "Goes with it")
    assert (found["second"], found["trending"]) == ("Trending (second)", "Trending (trending)")


def test_slates_are_filtered_by_any_slot(admin_client) -> None:
    Slot.objects.create(name="tea-corner", title="Tea corner", type="for_you")
    for name in ("tea-corner", "home"):
        Slate.objects.create(id=new_slate_id(), slot=name, shopper_id=f"of-{name}")
    page = admin_client.get("/admin/recommender/slate/", {"slot": "tea-corner"}).content.decode()
    assert page.count("Tea corner") >= 2, "in the list of filters, and beside the slate"
    assert "of-tea-corner" in page
    assert "of-home" not in page


def test_yesterday_is_not_counted_twice_by_two_periods_that_meet(clock) -> None:
    chosen = period.of("7")
    for back in range(1, 15):
        day = (chosen.end - timedelta(days=back)).date()
        SlotDay.objects.create(day=day, slot="home", slates=10, newcomers=0, fallback=0, seen=0, clicked=0)
    SlotDay.objects.create(day=chosen.end.date(), slot="home", slates=999, newcomers=0, fallback=0, seen=0, clicked=0)
    now = slots.sums(chosen.start, chosen.last)["home"]["slates"]
    before = slots.sums(chosen.previous_start, chosen.previous_last)["home"]["slates"]
    assert (now, before) == (70, 70)


def test_a_share_of_nothing_is_not_known_rather_than_nought(admin_client) -> None:
    page = admin_client.get("/admin/").content.decode()
    assert page.count("nothing to measure yet") == 5, (
        "conversion, order value, click-through, fallback share, complaints"
    )
    _slates(50, known=True, fallback=True)
    rollups.refresh()
    # Panels are remembered for seconds, by period and language.
    assert cache.delete("dashboard:slots:today:en")
    assert admin_client.get("/admin/").content.decode().count("nothing to measure yet") == 4
