"""Routes of the room that need no language."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from push.audiences import api as segments
from push.campaigns import api as campaigns
from push.content import api as content
from push.delivery import api as delivery
from push.results import api as results
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
    path("api/v1/campaigns", campaigns.CampaignsEndpoint.as_view(), name="api_campaigns"),
    path("api/v1/campaigns/<int:campaign_id>", campaigns.CampaignEndpoint.as_view(), name="api_campaign"),
    path("api/v1/campaigns/<int:campaign_id>/reach", campaigns.ReachEndpoint.as_view(), name="api_reach"),
    path("api/v1/campaigns/<int:campaign_id>/preview", content.MessagePreviewEndpoint.as_view(), name="api_preview"),
    path("api/v1/campaigns/<int:campaign_id>/messages", delivery.MessagesEndpoint.as_view(), name="api_messages"),
    path("api/v1/messages/<uuid:message_id>", delivery.MessageEndpoint.as_view(), name="api_message"),
    path("api/v1/campaigns/<int:campaign_id>/submit", campaigns.SubmitEndpoint.as_view(), name="api_submit"),
    path("api/v1/campaigns/<int:campaign_id>/approve", campaigns.ApproveEndpoint.as_view(), name="api_approve"),
    path("api/v1/campaigns/<int:campaign_id>/reject", campaigns.RejectEndpoint.as_view(), name="api_reject"),
    path("api/v1/campaigns/<int:campaign_id>/launch", campaigns.LaunchEndpoint.as_view(), name="api_launch"),
    path("api/v1/campaigns/<int:campaign_id>/undo", campaigns.UndoEndpoint.as_view(), name="api_undo"),
    path("api/v1/campaigns/<int:campaign_id>/pause", campaigns.PauseEndpoint.as_view(), name="api_pause"),
    path("api/v1/campaigns/<int:campaign_id>/resume", campaigns.ResumeEndpoint.as_view(), name="api_resume"),
    path("api/v1/campaigns/<int:campaign_id>/cancel", campaigns.CancelEndpoint.as_view(), name="api_cancel"),
    path("api/v1/results", results.ResultsEndpoint.as_view(), name="api_results"),
    path("api/v1/results/<int:campaign_id>", results.ResultEndpoint.as_view(), name="api_result"),
    path("m/c/<str:token>", views.click_view, name="message_click"),
    path("m/h/<str:token>", views.hidden_view, name="message_hidden"),
    path("m/u/<str:token>", views.unsubscribe_view, name="message_unsubscribe"),
    path("m/p/<str:token>", views.preferences_view, name="message_preferences"),
    path("m/s/<str:token>", views.pause_view, name="message_pause"),
    path("anymail/", include("anymail.urls")),
]
