"""Table of contents: every Celery task of the room."""

from push.delivery.tasks import dispatch, dispatch_due, plan, settle

__all__ = ["dispatch", "dispatch_due", "plan", "settle"]
