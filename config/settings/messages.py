"""How messages leave, and when they may."""

from __future__ import annotations

from config import environment
from config.settings.ground import DEMO, PORT, env

# smtp://user:password@host:port, smtp+tls://..., consolemail:// ; the demo sends real SMTP to its own sink.
MAIL_SINK_PORT = env.whole("MAIL_SINK_PORT", default=PORT + 25, lowest=1, highest=65_535)
EMAIL_URL = env.str("EMAIL_URL", default=f"smtp://127.0.0.1:{MAIL_SINK_PORT}" if DEMO else "")
vars().update(
    env.understood(
        "EMAIL_URL",
        environment.parse_email,
        environment.parse_email(f"smtp://127.0.0.1:{MAIL_SINK_PORT}") if DEMO else {},
    )
)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Pushcart Pantry <hello@pushcart.example>")

# Draws the fixed bucket (0-9999) of every shopper; a new value draws everybody anew.
BUCKET_SALT = env.str("BUCKET_SALT", default="pushcart")
# By the shopper's clock; nothing that disturbs is sent in between. The same twice: never quiet.
QUIET_HOURS = (env.str("QUIET_FROM", default="21:00"), env.str("QUIET_UNTIL", default="08:00"))
# Channel to (messages, days): rolling, per shopper; "" counts all channels together.
FREQUENCY_CAPS = {"email": (4, 7), "": (10, 7)}
