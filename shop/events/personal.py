"""Personal data have no place in events: names of fields that carry them are dropped, addresses in texts are blanked."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

# Compared without case, spaces, hyphens and underscores. Plain "name" is a product's or a page's here; traits have their own list.
NAMES = frozenset(
    {
        "email",
        "emailaddress",
        "mail",
        "phone",
        "phonenumber",
        "mobile",
        "mobilenumber",
        "telephone",
        "tel",
        "fax",
        "firstname",
        "lastname",
        "fullname",
        "surname",
        "givenname",
        "familyname",
        "middlename",
        "username",
        "customername",
        "recipient",
        "recipientname",
        "address",
        "street",
        "streetaddress",
        "address1",
        "address2",
        "addressline1",
        "addressline2",
        "shippingaddress",
        "billingaddress",
        "deliveryaddress",
        "postcode",
        "postalcode",
        "zip",
        "zipcode",
        "ip",
        "ipaddress",
        "password",
        "creditcard",
        "cardnumber",
        "iban",
        "ssn",
        "birthday",
        "birthdate",
        "dateofbirth",
        "traits",
    }
)
BLANKED = "[address removed]"
_ADDRESS = re.compile(r"[^\s@<>\"'=&?/,;:()]+(?:@|%40)[^\s@<>\"'=&?/,;:()]+\.[^\W\d_]{2,}")


@lru_cache(maxsize=4096)
def is_personal(name: str) -> bool:
    """Whether a field of this name holds something personal."""
    return name.casefold().replace("_", "").replace("-", "").replace(" ", "") in NAMES


def without_personal(value: Any) -> Any:
    """``value`` without the fields that :data:`NAMES` lists, at any depth, and with e-mail addresses in its texts blanked."""
    if type(value) is str:
        return blank(value) if "@" in value or "%40" in value else value
    if type(value) is dict:
        return {name: without_personal(inner) for name, inner in value.items() if not is_personal(name)}
    if type(value) is list:
        return [without_personal(inner) for inner in value]
    return value


def blank(text: str) -> str:
    """``text`` with e-mail addresses blanked."""
    return _ADDRESS.sub(BLANKED, text)


def is_address(text: str) -> bool:
    """Whether ``text`` is an e-mail address as a whole."""
    return "@" in text and _ADDRESS.fullmatch(text) is not None
