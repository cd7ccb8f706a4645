"""Routes of the room under a language prefix (preferences, inbox, mailbox)."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from push.inbox import views as inbox
from push.mailbox import views as mailbox
from push.preferences import views as preferences

urlpatterns: list[URLPattern | URLResolver] = [
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/count/", inbox.count, name="inbox_count"),
    path("inbox/read-all/", inbox.read_all, name="inbox_read_all"),
    path("inbox/<int:item_id>/read/", inbox.read, name="inbox_read"),
    path("preferences/", preferences.preferences, name="preferences"),
    path("preferences/<str:token>/", preferences.preferences_by_link, name="preferences_by_link"),
    path("unsubscribe/<str:token>/", preferences.unsubscribe_page, name="unsubscribe"),
    path("pause/<str:token>/", preferences.pause_page, name="pause"),
    path("mailbox/", mailbox.mailbox, name="mailbox"),
    path("mailbox/read-all/", mailbox.read_all, name="mailbox_read_all"),
    path("mailbox/feed/", mailbox.feed, name="mailbox_feed"),
    path("mailbox/<int:mail_id>/", mailbox.mailbox, name="mailbox_mail"),
    path("mailbox/<int:mail_id>/body/", mailbox.body, name="mailbox_body"),
]
