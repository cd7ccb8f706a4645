"""Smallest valid people, and a cast of three: owner, colleague, outsider."""

from __future__ import annotations

from itertools import count
from typing import Any

from shop.events.visitors import BrowsingVisitor, new_visitor_id
from shop.models import Shopper, User
from shop.people.registering import register

_number = count(1)
PASSWORD = "a-long-password"


def make_shopper(email: str = "", **fields: Any) -> Shopper:
    return register(email or f"person{next(_number)}@example.org", PASSWORD, **fields)


def make_operator(role: str = User.Role.ADMINISTRATOR, email: str = "") -> User:
    return User.objects.create_user(email or f"operator{next(_number)}@example.org", PASSWORD, role=role, is_staff=True)


def make_visitor(**fields: Any) -> BrowsingVisitor:
    visitor = BrowsingVisitor(id=new_visitor_id(), consented=True, known=True, shopper_id="")
    for name, value in fields.items():
        setattr(visitor, name, value)
    return visitor
