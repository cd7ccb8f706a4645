"""The shop itself: its name, languages, clock and money."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from config.settings.ground import BASE_DIR, DEMO, env

SHOP_NAME = env.str("SHOP_NAME", default="Pushcart Pantry")
# Stands in every e-mail: the law of most countries asks for it.
SHOP_ADDRESS = env.str("SHOP_ADDRESS", default="12 Market Row, Riverside" if DEMO else "")

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Chinese"))]
LANGUAGE_COOKIE_NAME = "pushcart_language"
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "config.formats"
USE_I18N = True
TIME_ZONE = "UTC"
USE_TZ = True

SHOP_TIME_ZONE = env.time_zone("SHOP_TIME_ZONE", default="America/New_York")
CURRENCY = env.currency("CURRENCY", default="USD")
DELIVERY_PRICE = env.money("DELIVERY_PRICE", default="3.90")
FREE_DELIVERY_FROM = env.money("FREE_DELIVERY_FROM", default="40")
