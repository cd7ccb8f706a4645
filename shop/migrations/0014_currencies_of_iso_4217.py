"""A product's currency is one that there is; that of a new product is the shop's."""

from django.db import migrations, models

import shop.currencies


class Migration(migrations.Migration):
    dependencies = [("shop", "0013_opinions")]

    operations = [
        migrations.AlterField(
            model_name="product",
            name="currency",
            field=models.CharField(
                default=shop.currencies.of_the_shop,
                help_text="Three capital letters of ISO 4217, such as USD.",
                max_length=3,
                validators=[shop.currencies.check_currency],
            ),
        ),
    ]
