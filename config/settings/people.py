"""Accounts, sessions, guessed passwords, and what is kept about people."""

from __future__ import annotations

from datetime import timedelta

from config.settings.ground import DEBUG, PORT

AUTH_USER_MODEL = "shop.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    "shop.operators.roles.RoleBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"
# Not in the cache too: without Valkey people stay logged in, and who logged out stays out when it is back.
SESSION_ENGINE = "django.contrib.sessions.backends.db"
# Cookies know no ports: two demos on one machine would log each other's visitors out.
SESSION_COOKIE_NAME = f"pushcart_session_{PORT}" if DEBUG else "pushcart_session"
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = int(timedelta(days=30).total_seconds())
VISITOR_COOKIE = "pushcart_visitor"
CONSENT_COOKIE = "pushcart_consent"
# Login names are personal data: axes keeps counters in Valkey only, under a hash.
AXES_HANDLER = "axes.handlers.cache.AxesCacheHandler"
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_FORM_FIELD = "username"
AXES_LOCKOUT_CALLABLE = "shop.storefront.errors.too_many_logins"
AXES_USERNAME_CALLABLE = "shop.people.lockout.name_for_counting"
AXES_ENABLE_ACCESS_FAILURE_LOG = False
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False
AXES_ENABLE_ADMIN = False
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address"]
# Users are found by the keyed hash of their address (shop/people/models.py), so the encrypted column is not unique.
# Pages of ours show e-mails in frames of their own (mailbox, preview), so frames of the same origin are allowed.
SILENCED_SYSTEM_CHECKS = ["auth.W004", "security.W019"]

# What is kept about people, for export and erasure: rooms above shop first (shop/people/erasure.py says what a part is).
PERSONAL_DATA_PARTS = [
    "push.preferences.personal_data.MessagesPart",
    "push.preferences.personal_data.ReceiptsPart",
    "push.preferences.personal_data.InboxPart",
    "push.preferences.personal_data.MailboxPart",
    "push.preferences.personal_data.PreferencesPart",
    "recommender.slates.personal_data.SlatesPart",
    "shop.opinions.personal_data.OpinionsPart",
    "shop.people.personal_data.CartsPart",
    "shop.people.personal_data.ReviewsPart",
    "shop.people.personal_data.EventsPart",
    "shop.people.personal_data.OrdersPart",
    "shop.people.personal_data.ConsentsPart",
    "shop.people.personal_data.ProfilePart",
]
