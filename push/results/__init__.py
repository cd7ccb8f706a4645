"""What came of campaigns: ``report(campaign)`` for pages and the API; attribution and conservation."""
