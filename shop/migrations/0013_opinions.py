"""Opinions of people on products; what shoppers waved off so far moves into them from their attributes."""

from datetime import timedelta

import django.db.models.deletion
from django.db import migrations, models

import shop.clock

BEFORE = "not_interested"
DAYS = 365


def take_over(apps, schema_editor):
    Shopper, Opinion = apps.get_model("shop", "Shopper"), apps.get_model("shop", "Opinion")
    now = shop.clock.now()
    for shopper in Shopper.objects.filter(attributes__has_key=BEFORE).iterator(1000):
        products = shopper.attributes.pop(BEFORE)
        Opinion.objects.bulk_create(
            [
                Opinion(
                    shopper_id=shopper.pk,
                    product_id=product_id[:128],
                    kind="dismissed",
                    at=now,
                    until=now + timedelta(days=DAYS),
                )
                for product_id in dict.fromkeys(str(each) for each in products if each)
            ],
            ignore_conflicts=True,
        )
        shopper.save(update_fields=["attributes"])


def give_back(apps, schema_editor):
    Shopper, Opinion = apps.get_model("shop", "Shopper"), apps.get_model("shop", "Opinion")
    for shopper in Shopper.objects.filter(opinions__kind="dismissed").distinct().iterator(1000):
        rows = Opinion.objects.filter(shopper_id=shopper.pk, kind="dismissed").order_by("at")
        shopper.attributes[BEFORE] = list(rows.values_list("product_id", flat=True))
        shopper.save(update_fields=["attributes"])


class Migration(migrations.Migration):
    dependencies = [("shop", "0012_mails_of_orders_are_claimed")]

    operations = [
        migrations.CreateModel(
            name="Opinion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "visitor_id",
                    models.CharField(blank=True, help_text="The browser, where nobody is known.", max_length=64),
                ),
                ("product_id", models.CharField(max_length=128)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("liked", "Liked"),
                            ("dismissed", "Not interested"),
                            ("hidden", "Hidden"),
                            ("returned", "Sent back"),
                        ],
                        max_length=12,
                    ),
                ),
                ("slate_id", models.UUIDField(blank=True, help_text="The recommendations it was said of.", null=True)),
                ("at", models.DateTimeField(default=shop.clock.now)),
                (
                    "until",
                    models.DateTimeField(blank=True, help_text="Until when the product is not shown.", null=True),
                ),
            ],
            options={
                "verbose_name": "opinion",
                "verbose_name_plural": "opinions",
            },
        ),
        migrations.AddIndex(
            model_name="refund",
            index=models.Index(fields=["at"], name="refund_at"),
        ),
        migrations.AddField(
            model_name="opinion",
            name="shopper",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="opinions",
                to="shop.shopper",
            ),
        ),
        migrations.AddIndex(
            model_name="opinion",
            index=models.Index(fields=["until"], name="opinion_until"),
        ),
        migrations.AddIndex(
            model_name="opinion",
            index=models.Index(fields=["at"], name="opinion_at"),
        ),
        migrations.AddConstraint(
            model_name="opinion",
            constraint=models.UniqueConstraint(
                condition=models.Q(("shopper__isnull", False)),
                fields=("shopper", "product_id"),
                name="opinion_of_shopper",
            ),
        ),
        migrations.AddConstraint(
            model_name="opinion",
            constraint=models.UniqueConstraint(
                condition=models.Q(("shopper__isnull", True)),
                fields=("visitor_id", "product_id"),
                name="opinion_of_visitor",
            ),
        ),
        migrations.AddConstraint(
            model_name="opinion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("shopper__isnull", False), models.Q(("visitor_id", ""), _negated=True), _connector="OR"
                ),
                name="opinion_of_somebody",
            ),
        ),
        migrations.RunPython(take_over, give_back, elidable=True),
    ]
