"""Which visitors the shop itself said to be a shopper's: of those before, nobody knows, and the next log-in says so."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shop", "0014_currencies_of_iso_4217")]

    operations = [
        migrations.AddField(
            model_name="visitor",
            name="vouched",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
