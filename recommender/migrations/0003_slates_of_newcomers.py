from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("recommender", "0002_slots_by_day"),
    ]

    operations = [
        migrations.AddField(
            model_name="slate",
            name="known",
            field=models.BooleanField(
                default=True,
                help_text="There was something to choose by: a visit, a history, a product in view, a cart.",
            ),
        ),
        migrations.AddField(
            model_name="slotday",
            name="newcomers",
            field=models.PositiveIntegerField(
                default=0,
                help_text="Slates chosen with nothing known: what is popular is the right answer for them.",
            ),
        ),
        migrations.AlterField(
            model_name="slotday",
            name="fallback",
            field=models.PositiveIntegerField(
                help_text="Of the others, slates of which more than half is popularity; all, where no model serves.",
            ),
        ),
    ]
