"""E-mail: SMTP by Django's ``EMAIL_*`` settings (``EMAIL_URL``), or any other backend (django-anymail's) by ``EMAIL_BACKEND``."""

from push.channels.email.addresses import sendable
from push.channels.email.channel import EmailChannel

__all__ = ["EmailChannel", "sendable"]
