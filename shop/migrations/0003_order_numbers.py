"""The sequence that order numbers come from."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("shop", "0002_events")]
    operations = [
        migrations.RunSQL("CREATE SEQUENCE shop_order_number START 1001", "DROP SEQUENCE shop_order_number"),
    ]
