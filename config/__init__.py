"""Settings, routes, processes and the admin site: the one package that knows every room."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
