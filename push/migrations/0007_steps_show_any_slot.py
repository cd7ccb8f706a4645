from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("push", "0006_plan_without_looking_at_shoppers")]

    operations = [
        migrations.AlterField(
            model_name="step",
            name="slot",
            field=models.CharField(default="email", help_text="Slot whose recommendations it shows.", max_length=40),
        ),
    ]
