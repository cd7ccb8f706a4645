"""Table of contents: every Celery task of the room."""

from push.delivery.tasks import dispatch, dispatch_due, plan, settle
from push.results.tasks import attribute_orders

__all__ = ["attribute_orders", "dispatch", "dispatch_due", "plan", "settle"]
