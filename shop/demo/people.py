"""People of the demo shop: the real households, with invented addresses and consents, and the demo logins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.hashers import make_password

from shop.api.keys import create_key
from shop.api.models import ApiKey
from shop.demo.taxonomy import stable
from shop.people.models import Consent, Shopper, User

if TYPE_CHECKING:
    import pandas as pd

    from shop.demo.journey import Journey

DEMO_PASSWORD = "pushcart-demo"
DEMO_DOMAIN = "pushcart.example"
# Households that can log in with the demo password, for the simulated shoppers.
LOGINS = 60
# Invented: of 100 households, as many read Chinese, agree to e-mail, agree to messages in the shop.
CHINESE, AGREE_EMAIL, AGREE_INAPP = 8, 88, 92
CONSENT_TEXT = "demo (invented)"


def shopper_id(household: int) -> str:
    """The shop's key of a household."""
    return f"household-{household}"


def write_people(lines: pd.DataFrame, journey: Journey) -> dict[str, Any]:
    """Create users, shoppers and consents of all households of ``lines``; return counts and who Anna and Wei are."""
    first = lines.groupby("household_id")["at"].min()
    known = journey.demographics.set_index("household_id")
    anna, wei = _richest(lines, known)
    logins = set(_login_households(lines)) | {anna, wei}
    password, unusable = make_password(DEMO_PASSWORD), make_password(None)
    users, shoppers = [], []
    for number, since in zip(first.index.tolist(), first.dt.tz_localize("UTC").dt.to_pydatetime(), strict=True):
        user = User(
            email=f"household-{number}@{DEMO_DOMAIN}",
            password=password if number in logins else unusable,
            created_at=since,
        )
        shopper = Shopper(id=shopper_id(number), user=user, created_at=since)
        if number in known.index:
            _describe(shopper, known.loc[number])
        shopper.locale = "zh-hans" if stable("locale", number) % 100 < CHINESE else "en"
        if number in logins:
            shopper.attributes = {"demo_login": True}
            # Their history is real; what they do from now on the simulation does. Anna and Wei are the guest's to play.
            shopper.simulated = number not in (anna, wei)
        if number == anna:
            user.email, user.name, shopper.locale = f"anna@{DEMO_DOMAIN}", "Anna Keller", "en"
        if number == wei:
            user.email, user.name, shopper.locale = f"wei@{DEMO_DOMAIN}", "陈伟", "zh-hans"
        user.set_hashes()
        users.append(user)
        shoppers.append(shopper)
    User.objects.bulk_create(users, batch_size=500)
    Shopper.objects.bulk_create(shoppers, batch_size=500)
    consents = Consent.objects.bulk_create(_consents(shoppers, {shopper_id(anna), shopper_id(wei)}), batch_size=1000)
    return {"shoppers": len(shoppers), "consents": len(consents), "anna": shopper_id(anna), "wei": shopper_id(wei)}


def _describe(shopper: Shopper, row: pd.Series) -> None:
    told = {key: value for key, value in row.items() if isinstance(value, str)}
    shopper.age_band = told.get("age", "")
    names = {
        "size": "household_size",
        "composition": "household_comp",
        "children": "kids_count",
        "income": "income",
        "home": "home_ownership",
        "marital_status": "marital_status",
    }
    shopper.household = {name: told[key] for name, key in names.items() if key in told}


def _richest(lines: pd.DataFrame, known: pd.DataFrame) -> tuple[int, int]:
    """Two households of different make with a long, recent and varied history."""
    end = lines["at"].max()
    recent = lines[lines["at"] > end - (end - lines["at"].min()) / 6]
    baskets = recent.groupby("household_id")["basket_id"].nunique().sort_values(ascending=False)
    order = [int(household) for household in baskets.index if household in known.index] + [
        int(h) for h in baskets.index
    ]
    kind = known["household_comp"].to_dict()
    anna = next((household for household in order if "Kids" in str(kind.get(household))), order[0])
    wei = next(h for h in [*order, anna] if (h != anna and kind.get(h) != kind.get(anna)) or len(order) < 3)
    return anna, wei


def _login_households(lines: pd.DataFrame) -> list[int]:
    """Those who shop most often: the simulated shoppers need histories."""
    often = lines.groupby("household_id")["basket_id"].nunique().sort_values(ascending=False, kind="stable")
    return [int(household) for household in often.index[:LOGINS]]


def _consents(shoppers: list[Shopper], always: set[str]) -> list[Consent]:
    made = []
    for shopper in shoppers:
        for channel, share in (("email", AGREE_EMAIL), ("inapp", AGREE_INAPP)):
            granted = shopper.id in always or stable("consent", channel, shopper.id) % 100 < share
            made.append(
                Consent(
                    shopper=shopper,
                    channel=channel,
                    granted=granted,
                    source=Consent.Source.IMPORT,
                    text_version=CONSENT_TEXT,
                    at=shopper.created_at,
                )
            )
    return made


def write_operators_and_keys() -> dict[str, Any]:
    """The demo operator and the demo API keys."""
    address = f"operator@{DEMO_DOMAIN}"
    if User.objects.by_email(address) is None:
        User.objects.create_superuser(address, DEMO_PASSWORD, name="Demo Operator")
    create_key("Demo, publishable", ApiKey.Kind.PUBLISHABLE, token=settings.DEMO_PUBLISHABLE_KEY)
    create_key("Demo, secret", ApiKey.Kind.SECRET, token=settings.DEMO_API_SECRET_KEY)
    # No address: a dump holds none in clear.
    return {"operators": 1}
