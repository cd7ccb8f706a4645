"""What operators did: the audit log."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from shop import clock
from shop.operators.wording import act_in_words, kind_in_words


class AuditEntry(models.Model):
    """One act of an operator (or of an API key), never edited."""

    # What its object is called; shop.operators.objects.name_objects sets it for those that are shown.
    named = ""

    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    api_key = models.CharField(max_length=32, blank=True, help_text=_("Prefix of the key that acted."))
    action = models.CharField(max_length=64, help_text=_("What was done, such as campaign.launch or model.promote."))
    object_type = models.CharField(max_length=64, blank=True)
    object_id = models.CharField(max_length=128, blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    reason = models.TextField(blank=True)
    at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit log")
        indexes = [
            models.Index(fields=["-at", "id"], name="audit_newest"),
            models.Index(fields=["object_type", "object_id"], name="audit_object"),
        ]

    def __str__(self) -> str:
        kind = kind_in_words(self.object_type)
        named = (
            gettext("%(kind)s “%(name)s”") % {"kind": kind, "name": self.named}
            if self.named
            else f"{kind} {self.object_id}"
        )
        what = {"whom": act_in_words(self.action), "what": named.strip()}
        return gettext("%(whom)s: %(what)s") % what if what["what"] else what["whom"]
