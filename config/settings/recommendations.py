"""Events, and the models that learn from them."""

from __future__ import annotations

from config.settings.ground import env

EVENT_STREAM = "events"
# Consumer group to class: rooms above shop add theirs by path.
EVENT_CONSUMERS = {
    "store": "shop.events.store.StoreConsumer",
    "carts": "shop.carts.from_events.CartsConsumer",
    "triggers": "push.triggers.consumer.TriggersConsumer",
    "slates": "recommender.slates.slate_log.SlateConsumer",
    "shadows": "recommender.serving.shadows.ShadowConsumer",
}

# Rules of cleaning that are off, by name (docs/explanation/data.md); operators switch others on the page of data quality.
CLEANING_OFF = env.list("CLEANING_OFF", default=[])
# Web processes load models in the background and look for new ones; tests load them when they need them.
SERVING_WATCH = env.bool("SERVING_WATCH", default=True)
# How long a request waits for a new champion to be opened before it is answered by the former one.
MODEL_WAIT_SECONDS = env.float("MODEL_WAIT_SECONDS", default=1.0)
# Data that a training may hold, MB; an algorithm that wants more fails alone. 0: no limit.
TRAINING_MEMORY_MB = env.int("TRAINING_MEMORY_MB", default=4000)
# Everything is trained when the last full training is older. 0: never by itself, the first training of a demo included: only
# manage.py train and the models page train.
TRAIN_EVERY_HOURS = env.float("TRAIN_EVERY_HOURS", default=24.0)
# Share of the places of a slate that go to products which were hardly shown (docs/explanation/feedback-loop.md). 0: none.
EXPLORATION_SHARE = env.float("EXPLORATION_SHARE", default=0.05)
# Hardly shown: in fewer slates than this within 28 days.
EXPLORATION_BELOW = env.int("EXPLORATION_BELOW", default=100)
# Slates older than so many days are deleted (30 at least; docs/how-to/run-and-watch-it.md). 0: none, ever.
SLATES_KEPT_DAYS = env.int("SLATES_KEPT_DAYS", default=180)
# A slot is an alarm (dashboard, doctor) where more than this share of its slates of the last hours fails, in so many or more:
# is mostly what is popular though something was known of who looked, or has fewer products than were to be shown.
SLOT_ALARM_SHARE = env.float("SLOT_ALARM_SHARE", default=0.05)
SLOT_ALARM_SLATES = env.int("SLOT_ALARM_SLATES", default=100)
SLOT_ALARM_HOURS = env.int("SLOT_ALARM_HOURS", default=6)
# Clicks on what was shown often count less, by its impressions to this power. 0: all alike.
EXPOSURE_POWER = env.float("EXPOSURE_POWER", default=0.5)
