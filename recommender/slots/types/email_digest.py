"""What a known shopper will buy within days, from the history alone."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from recommender.slots.types.trained import Trained


class EmailDigest(Trained):
    """What a known shopper will buy within days, from the history alone."""

    name = "email_digest"
    label = gettext_noop("E-mail digest")
    task = "email"
    in_messages = True
    explores = True
    # What was sent is not made better by the next look.
    explores_unasked = False
