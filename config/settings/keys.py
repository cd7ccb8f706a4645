"""Secrets, and the public ones of the demo that production refuses."""

from __future__ import annotations

from config.settings.ground import DEBUG, DEMO, env

DEMO_SECRET_KEY = "demo-only-pushcart-secret-key-never-for-production-0123456789"
# A Fernet key is 32 bytes in URL-safe base64; this one is public, so production refuses it.
DEMO_FIELD_KEY = "cHVzaGNhcnQtZGVtby1maWVsZC1rZXktMzItYnl0ZXM="
DEMO_LOOKUP_KEY = "demo-only-pushcart-lookup-key"
DEMO_PUBLISHABLE_KEY = "pk_test_demo"
DEMO_API_SECRET_KEY = "sk_test_demo"

# Django wants one to be read at all; config/checks.py refuses "unset".
SECRET_KEY = env.literal("SECRET_KEY", default=DEMO_SECRET_KEY if DEBUG else "unset")
# Newest first: the first encrypts, all decrypt (cryptography's MultiFernet). `manage.py rotate_field_keys` re-encrypts.
FIELD_KEYS = env.list("FIELD_KEYS", default=[DEMO_FIELD_KEY] if DEBUG else [])
# HMAC key of equality look-ups; unlike FIELD_KEYS it cannot be rotated without reading every row.
LOOKUP_KEY = env.literal("LOOKUP_KEY", default=DEMO_LOOKUP_KEY if DEBUG else "")

# Sign the links of messages, newest first; all are accepted, so a former key stays as long as its mails are read.
LINK_KEYS = env.list("LINK_KEYS", default=[SECRET_KEY])
# Publishable key of the storefront's own tracker; empty: the storefront loads none.
STOREFRONT_KEY = env.str("STOREFRONT_KEY", default=DEMO_PUBLISHABLE_KEY if DEMO else "")
