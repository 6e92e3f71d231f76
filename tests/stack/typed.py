"""A table with a column of each usual type, and what Instasent must hold for its rows.

The database itself says what a row shall become, by docs/mapping.md: `EXPECTED`.
"""

from collections.abc import Iterable
from typing import Any

import psycopg
from psycopg.rows import dict_row

TABLE = """
CREATE TABLE typed (
    id          integer PRIMARY KEY,
    email       text,
    visits      bigint,
    ratio       double precision,
    balance     numeric(12, 2),
    large       numeric(38, 10),
    free        numeric,
    born        date,
    alarm       time(6),
    logged_in   timestamp(3),
    seen        timestamp(6),
    registered  timestamptz,
    vip         boolean,
    reference   uuid,
    extra       jsonb,
    photo       bytea,
    tags        text[],
    row_version integer NOT NULL DEFAULT 1
)
"""
INSERT = """
INSERT INTO typed VALUES
    (1, 'Ada@Example.com', 9007199254740993, 0.1, -1234.50, 1234567890123456789.0123456789, 1.230,
     '1815-12-10', '13:45:30.123456', '2026-03-01 10:15:30.25', '1999-12-31 23:59:59.999999',
     '2026-03-01 23:00:00.125+02', true, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
     '{"a": [1, null, "ñ"]}', '\\x00ff10', '{a,NULL,ñ}', 1),
    (2, '', 0, -0.5, 0, 0, 0, '0001-01-01', '00:00:00.000001', '0001-01-01 00:00:00',
     '1969-12-31 23:59:59.999001', '1969-07-20 20:17:40+00', false,
     '00000000-0000-0000-0000-000000000000', '"text"', '', '{}', 1),
    (3, 'last', -9223372036854775808, 1e300, 9999999999.99, -0.0000000001, 1e30, '9999-12-31',
     '23:59:59.999999', '9999-12-31 23:59:59.999', '9999-12-31 23:59:59.999999',
     '2024-02-29 12:00:00.000001+00', true, 'ffffffff-ffff-ffff-ffff-ffffffffffff', '12.50', '\\x0a',
     '{""}', 1);
INSERT INTO typed (id) VALUES (4), (5), (6)
"""
CHANGES = (
    "UPDATE typed SET balance = 0.01, born = NULL, extra = NULL, row_version = 2 WHERE id = 1",
    """
UPDATE typed t SET email = f.email, visits = f.visits, balance = f.balance, free = f.free, born = f.born,
    seen = f.seen, registered = f.registered, vip = f.vip, photo = f.photo, tags = f.tags, row_version = 2
FROM typed f WHERE f.id = 3 AND t.id = 4
""",
    "UPDATE typed SET id = 40 WHERE id = 5",
    "DELETE FROM typed WHERE id IN (2, 6)",
)
DELETIONS = 3
"""Contacts that `CHANGES` delete: two rows, and the old key of a third."""

EXPECTED = """
SELECT
    id, email, visits, ratio, balance, large, free, row_version, vip,
    to_char(born, 'YYYY-MM-DD') AS born,
    to_char(logged_in, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS logged_in,
    to_char(date_trunc('milliseconds', seen), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS seen,
    to_char(date_trunc('milliseconds', registered AT TIME ZONE 'UTC'), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
        AS registered,
    alarm::text AS alarm,
    reference::text AS reference,
    extra::text AS extra,
    encode(photo, 'base64') AS photo,
    tags
FROM typed
"""
NUMBERS = ("balance", "large", "free")

MAPPING = """\
topic: {topic}
contact:
  user_id: {{template: "{name}-{{id}}"}}
  on_delete: delete
  attributes:
    {{email: email, visits: visits, ratio: ratio, balance: balance, large: large, free: free, born: born,
    alarm: alarm, logged_in: logged_in, seen: seen, registered: registered, vip: vip,
    reference: reference, extra: extra, photo: photo, tags: tags, row_version: row_version}}
"""


def mapping(topic: str, name: str) -> str:
    """Return a topic file without any `format`, `shape` or `as`; `name` begins the ids of its contacts."""
    return MAPPING.format(topic=topic, name=name)


def contacts(sql: psycopg.Connection, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return what Instasent must hold by user id: every row once for each name.

    Numbers are compared as the doubles that JSON's readers make of them.
    """
    with sql.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(EXPECTED).fetchall()
    for row in rows:
        row |= {column: None if row[column] is None else float(row[column]) for column in NUMBERS}
    return {
        f"{name}-{row['id']}": {"_user_id": f"{name}-{row['id']}"}
        | {column: value for column, value in row.items() if column != "id"}
        for name in names
        for row in rows
    }
