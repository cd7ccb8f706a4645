"""People: accounts, shoppers' profiles, visitors (anonymous browsers), addresses, consents."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from shop import clock, valkey
from shop.people import declining
from shop.people.encryption import EncryptedTextField, email_hash, keyed_hash


def new_shopper_id() -> str:
    """An id for a shopper whom no other system has named."""
    return f"s-{uuid.uuid4().hex[:20]}"


class UserManager(BaseUserManager["User"]):
    """Users by e-mail address."""

    def get_by_natural_key(self, username: str | None) -> User:
        """The user with this e-mail address (any case)."""
        return self.get(email_hash=email_hash(username or ""))

    def by_email(self, address: str) -> User | None:
        """The user with this e-mail address, or None."""
        return self.filter(email_hash=email_hash(address)).first()

    def create_user(self, email: str | None, password: str | None = None, **fields: Any) -> User:
        """Create a user; without a password nobody can log in as them."""
        user = self.model(email=(email or "").strip(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Create an administrator."""
        return self.create_user(
            email, password, is_staff=True, is_superuser=True, role=User.Role.ADMINISTRATOR, **fields
        )


class User(AbstractBaseUser, PermissionsMixin):
    """Somebody who is known: personal data (encrypted), and a login where they have a password."""

    class Role(models.TextChoices):
        SHOPPER = "shopper", _("Shopper")
        VIEWER = "viewer", _("Viewer")
        MARKETER = "marketer", _("Marketer")
        APPROVER = "approver", _("Approver")
        ADMINISTRATOR = "administrator", _("Administrator")

    email = EncryptedTextField(_("e-mail address"), blank=True)
    email_hash = models.CharField(max_length=64, unique=True, null=True, editable=False)  # noqa: DJ001 - unique
    name = EncryptedTextField(_("name"), blank=True)
    phone = EncryptedTextField(_("phone"), blank=True)
    phone_hash = models.CharField(max_length=64, blank=True, editable=False, db_index=True)
    role = models.CharField(max_length=16, choices=Role, default=Role.SHOPPER)
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        permissions = [("view_personal_data", _("Can see personal data in clear"))]

    def __str__(self) -> str:
        return f"user {self.pk}"

    def set_hashes(self) -> None:
        """Bring the look-up hashes in line with the clear values (``bulk_create`` must call this itself)."""
        self.email_hash = email_hash(self.email) if self.email else None
        self.phone_hash = keyed_hash(self.phone, "phone") if self.phone else ""

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep the hashes, and entry to the admin, in line with address, phone and role."""
        self.set_hashes()
        self.is_staff = self.is_superuser or self.role != User.Role.SHOPPER
        if (fields := kwargs.get("update_fields")) is not None:
            kwargs["update_fields"] = {*fields, "email_hash", "phone_hash", "is_staff"}
        super().save(*args, **kwargs)

    def get_short_name(self) -> str:
        """First name, for greetings."""
        return self.name.split(" ")[0] if self.name else ""

    def get_full_name(self) -> str:
        """The whole name."""
        return self.name


# What the shop says of a shopper.
PROFILE = (
    "age_band",
    "gender",
    "place",
    "locale",
    "time_zone",
    "household",
    "birthday",
    "attributes",
    "personalised",
)


def _tell(declined: Iterable[str], agreed: list[str]) -> None:
    """Tell who serves: who declined at once, who agreed once that is committed.

    Raises:
        the exceptions of ``valkey.AWAY``: it cannot be told; nothing may be written.
    """
    declining.tell(declined, declined=True)
    if agreed:
        # Nobody says it again later, as the tick does of those who declined.
        valkey.client().ping()
        transaction.on_commit(lambda: _tell_of_agreed(agreed), robust=True)


def _tell_of_agreed(ids: list[str]) -> None:
    with transaction.atomic():
        # Whoever declines again meanwhile waits, or was faster and is not among these any more.
        rows = Shopper.objects.select_for_update().filter(pk__in=ids, personalised=True).order_by("pk")
        declining.tell(list(rows.values_list("pk", flat=True)), declined=False)


class ShopperQuerySet(models.QuerySet["Shopper"]):
    """Shoppers; who declines personal recommendations through it is told to who serves (shop.people.declining)."""

    def update(self, **values: Any) -> int:
        """As Django's, and told.

        Raises:
            the exceptions of ``valkey.AWAY``: it could not be told, and nothing is changed.
        """
        if "personalised" not in values:
            return super().update(**values)
        with transaction.atomic():
            ids = list(self.select_for_update(of=("self",)).values_list("pk", flat=True).order_by())
            rows = super().update(**values)
            # As it is now: what was given may be an expression.
            declined = set(self.model.objects.filter(pk__in=ids, personalised=False).values_list("pk", flat=True))
            _tell(declined, [each for each in ids if each not in declined])
        return rows

    update.alters_data = True  # type: ignore[attr-defined]

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """As Django's, and told."""
        with transaction.atomic():
            made: list[Any] = super().bulk_create(objs, *args, **kwargs)
            declining.tell((shopper.pk for shopper in made if not shopper.personalised), declined=True)
        return made


class Shopper(models.Model):
    """A known person as the shop sees them. ``id`` is the shop's own key and stands as ``shopper_id`` in events and the API."""

    class AgeBand(models.TextChoices):
        UNDER_25 = "19-24", "19-24"
        FROM_25 = "25-34", "25-34"
        FROM_35 = "35-44", "35-44"
        FROM_45 = "45-54", "45-54"
        FROM_55 = "55-64", "55-64"
        FROM_65 = "65+", "65+"

    class Gender(models.TextChoices):
        FEMALE = "female", _("Female")
        MALE = "male", _("Male")
        OTHER = "other", _("Other")

    # What is told of them; None: not read. Nothing is told of who is new and did not decline.
    told_personalised: bool | None = True

    id = models.CharField(primary_key=True, max_length=128, default=new_shopper_id)
    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="shopper")
    age_band = models.CharField(max_length=8, choices=AgeBand, blank=True)
    gender = models.CharField(max_length=8, choices=Gender, blank=True)
    place = models.CharField(_("place"), max_length=80, blank=True, help_text=_("Town or district, never a street."))
    locale = models.CharField(max_length=16, default="en")
    time_zone = models.CharField(
        max_length=64, blank=True, help_text=_("IANA name; empty: unknown, the shop's zone is used.")
    )
    household = models.JSONField(default=dict, blank=True, help_text=_("Size, children, income band, as far as told."))
    birthday = models.DateField(null=True, blank=True)
    attributes = models.JSONField(default=dict, blank=True)
    personalised = models.BooleanField(
        default=True, help_text=_("Whether recommendations may use this person's history.")
    )
    simulated = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    erased_at = models.DateTimeField(null=True, editable=False)

    objects = ShopperQuerySet.as_manager()

    class Meta:
        verbose_name = _("shopper")
        verbose_name_plural = _("shoppers")
        indexes = [models.Index(fields=["-created_at", "id"], name="shopper_newest")]

    def __str__(self) -> str:
        return self.id

    def save(self, *args: Any, **kwargs: Any) -> None:
        """As Django's; that they declined, or no longer do, is told to who serves (shop.people.declining).

        Raises:
            the exceptions of ``valkey.AWAY``: it could not be told, and nothing is saved.
        """
        fields, now = kwargs.get("update_fields"), self.__dict__.get("personalised", self.told_personalised)
        written = fields is None or "personalised" in fields
        # Who declines is told each time that it is written: another may have written the opposite since this was read.
        if not written or (now is not False and now == self.told_personalised):
            super().save(*args, **kwargs)
            return
        with transaction.atomic():
            super().save(*args, **kwargs)
            _tell(*(([], [self.pk]) if now else ([self.pk], [])))
        self.told_personalised = now

    @classmethod
    def from_db(cls, *args: Any, **kwargs: Any) -> Shopper:
        """As Django's; whether they had declined is remembered."""
        shopper: Shopper = super().from_db(*args, **kwargs)
        # Not read where the column is deferred: that would be a query.
        shopper.told_personalised = shopper.__dict__.get("personalised")
        return shopper


class Visitor(models.Model):
    """An anonymous browser, from the moment it becomes somebody: the link is made at login and never moved to another shopper.

    Attributes:
        vouched: a log-in or the shop's server said so; else a browser's own word only, by which nothing becomes the shopper's.
    """

    id = models.CharField(primary_key=True, max_length=64)
    shopper = models.ForeignKey(Shopper, on_delete=models.CASCADE, related_name="visitors")
    linked_at = models.DateTimeField(default=clock.now)
    vouched = models.BooleanField(default=False, db_default=False)

    class Meta:
        verbose_name = _("visitor")
        verbose_name_plural = _("visitors")

    def __str__(self) -> str:
        return self.id


class Address(models.Model):
    """Where something is delivered; the street is encrypted, town and country are not (they are the profile's place)."""

    shopper = models.ForeignKey(Shopper, on_delete=models.CASCADE, related_name="addresses")
    name = EncryptedTextField(_("name"))
    street = EncryptedTextField(_("street and number"))
    postcode = EncryptedTextField(_("postcode"), blank=True)
    town = models.CharField(_("town"), max_length=80)
    country = models.CharField(_("country"), max_length=2, default="US")
    is_default = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("address")
        verbose_name_plural = _("addresses")

    def __str__(self) -> str:
        return f"address {self.pk}"


class Consent(models.Model):
    """One statement about messages, append-only: the newest per shopper, channel and topic counts."""

    class Source(models.TextChoices):
        ACCOUNT = "account", _("Account page")
        CHECKOUT = "checkout", _("Checkout")
        PREFERENCES = "preferences", _("Preferences page")
        UNSUBSCRIBE = "unsubscribe", _("Unsubscribe link")
        IMPORT = "import", _("Import")
        API = "api", _("API")

    shopper = models.ForeignKey(Shopper, on_delete=models.CASCADE, related_name="consents")
    channel = models.CharField(max_length=16, help_text=_("A channel's name, such as email or inapp."))
    topic = models.CharField(max_length=32, default="marketing")
    granted = models.BooleanField()
    source = models.CharField(max_length=16, choices=Source)
    text_version = models.CharField(max_length=32, blank=True, help_text=_("Which wording was agreed to."))
    at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        indexes = [models.Index(fields=["shopper", "channel", "topic", "-id"], name="consent_newest")]

    def __str__(self) -> str:
        return f"{self.channel}/{self.topic}: {'yes' if self.granted else 'no'}"
