"""The events table: partitioned by range of its id, a UUIDv7, so that a month is a range and the primary key dedupes alone."""

from django.db import migrations

CREATE = """
CREATE TABLE shop_event (
    id uuid NOT NULL PRIMARY KEY,
    message_id text NOT NULL,
    type text NOT NULL,
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    visitor_id text NOT NULL DEFAULT '',
    shopper_id text NOT NULL DEFAULT '',
    session_id text NOT NULL DEFAULT '',
    product_id text NOT NULL DEFAULT '',
    quantity integer,
    value numeric(12, 2),
    query text NOT NULL DEFAULT '',
    slate_id uuid,
    caused_by text NOT NULL DEFAULT '',
    properties jsonb NOT NULL DEFAULT '{}',
    source text NOT NULL,
    simulated boolean NOT NULL DEFAULT false
) PARTITION BY RANGE (id);
CREATE TABLE shop_event_default PARTITION OF shop_event DEFAULT;
CREATE INDEX shop_event_visitor ON shop_event (visitor_id, id) WHERE visitor_id <> '';
CREATE INDEX shop_event_shopper ON shop_event (shopper_id, id) WHERE shopper_id <> '';
CREATE INDEX shop_event_received ON shop_event USING brin (received_at);
CREATE INDEX shop_event_occurred ON shop_event USING brin (occurred_at);
"""


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [migrations.RunSQL(CREATE, "DROP TABLE shop_event")]
