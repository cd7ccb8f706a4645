"""Operators' roles, mapped to Django permissions by rule, so that a new model needs no new row and no sync.

| role | may |
| --- | --- |
| viewer | look at everything but personal data and keys |
| marketer | and make and change segments, campaigns, contents and slots |
| approver | and approve, launch, promote, roll back |
| administrator | everything, personal data and keys included |

Verbs that only an approver has begin a permission's name (:data:`DECISIONS`). Single permissions and groups given to a user in
the admin add to what the role gives (Django's ``ModelBackend``).
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import BaseBackend

from shop.people.models import User

ROOMS = frozenset({"shop", "recommender", "push"})
DECISIONS = ("approve_", "launch_", "promote_", "roll_back_", "switch_")
# What only an administrator sees or does: people's data, keys, other operators.
RESERVED_MODELS = frozenset({"user", "address", "apikey", "idempotentanswer", "personal_data"})
# Outside campaigns, what a marketer steers.
STEERED = frozenset({"slot", "slotpin"})
# Written by the system, changed by nobody.
RECORDS = frozenset({"auditentry", "event", "order", "orderline", "message", "receipt", "slate", "consent"})


def allows(role: str, permission: str) -> bool:
    """Whether ``role`` carries ``permission`` (``"push.change_campaign"``)."""
    room, _, name = permission.partition(".")
    action, _, model = name.partition("_")
    if role == User.Role.ADMINISTRATOR:
        return True
    if role == User.Role.SHOPPER or room not in ROOMS or model in RESERVED_MODELS:
        return False
    if action == "view":
        return True
    if name.startswith(DECISIONS):
        return role == User.Role.APPROVER
    if role in (User.Role.MARKETER, User.Role.APPROVER):
        return (room == "push" and model not in RECORDS) or model in STEERED
    return False


def least_role(permission: str) -> User.Role:
    """The first of the roles, in the order in which they may do more, that carries ``permission``."""
    return next(role for role in User.Role if allows(role, permission))


class RoleBackend(BaseBackend):
    """Authentication backend that answers what a user's role allows."""

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        """Whether the active user's role carries the permission, for every object alike."""
        return isinstance(user_obj, User) and user_obj.is_active and allows(user_obj.role, perm)

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        """Whether the role opens the room at all (Django's admin asks)."""
        if not isinstance(user_obj, User) or not user_obj.is_active or user_obj.role == User.Role.SHOPPER:
            return False
        return user_obj.role == User.Role.ADMINISTRATOR or app_label in ROOMS
