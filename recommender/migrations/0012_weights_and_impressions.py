"""Weights that an operator sets, and how often products were shown."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import shop.clock


class Migration(migrations.Migration):

    dependencies = [
        ("recommender", "0006_slots"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CountedUntil',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'end of the counted slates',
                'verbose_name_plural': 'ends of the counted slates',
            },
        ),
        migrations.CreateModel(
            name='ImpressionDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('product_id', models.CharField(max_length=128)),
                ('shown', models.PositiveIntegerField(default=0)),
                ('explored', models.PositiveIntegerField(default=0)),
            ],
            options={
                'verbose_name': 'impressions in a day',
                'verbose_name_plural': 'impressions by day',
                'constraints': [models.UniqueConstraint(fields=('day', 'product_id'), name='impression_day_once')],
            },
        ),
        migrations.CreateModel(
            name='SignalWeight',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(choices=[('view', 'Looked at'), ('click', 'Clicked in a row'), ('wish', 'Wished for or liked'), ('add', 'Put into the cart'), ('rate', 'Rated: five stars so much, one star so much against'), ('purchase', 'Bought'), ('remove', 'Taken out of the cart'), ('return', 'Sent back'), ('dismiss', 'Not interested'), ('half_life', 'Days after which popularity counts half')], max_length=12, unique=True, verbose_name='act')),
                ('value', models.FloatField(blank=True, help_text='Empty: what the training learns, or the default.', null=True, verbose_name='set to')),
                ('at', models.DateTimeField(default=shop.clock.now, editable=False)),
                ('by', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'weight of an act',
                'verbose_name_plural': 'weights of acts',
                'ordering': ['pk'],
            },
        ),
    ]
