"""Routes of the room that need no language."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from push.audiences import api as segments
from push.tracking import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/segments", segments.SegmentsEndpoint.as_view(), name="api_segments"),
    path("api/v1/segments/preview", segments.RulePreviewEndpoint.as_view(), name="api_rule_preview"),
    path("api/v1/segments/<int:segment_id>", segments.SegmentEndpoint.as_view(), name="api_segment"),
    path("api/v1/segments/<int:segment_id>/count", segments.SegmentCountEndpoint.as_view(), name="api_segment_count"),
    path("api/v1/segments/<int:segment_id>/members", segments.MembersEndpoint.as_view(), name="api_members"),
    path(
        "api/v1/segments/<int:segment_id>/members/<shopper_id:shopper_id>",
        segments.MemberEndpoint.as_view(),
        name="api_member",
    ),
    path("m/c/<str:token>", views.click_view, name="message_click"),
    path("m/h/<str:token>", views.hidden_view, name="message_hidden"),
    path("m/u/<str:token>", views.unsubscribe_view, name="message_unsubscribe"),
    path("m/p/<str:token>", views.preferences_view, name="message_preferences"),
    path("m/s/<str:token>", views.pause_view, name="message_pause"),
    path("anymail/", include("anymail.urls")),
]
