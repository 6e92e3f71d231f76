"""The same for MariaDB: a table with a few usual types, and what Instasent must hold for its rows."""

from collections.abc import Callable, Mapping
from typing import Any

from tests.stack.mariadb import MariaDbServer

TOPIC = "form-maria.shop.typed"
TABLE = """
CREATE TABLE typed (
    id          int PRIMARY KEY,
    email       varchar(255),
    visits      bigint,
    balance     decimal(12, 2),
    born        date,
    logged_in   datetime(3),
    seen        datetime(6),
    registered  timestamp(3) NULL,
    vip         tinyint(1),
    tier        enum('gold', 'plain'),
    photo       varbinary(16),
    row_version int NOT NULL DEFAULT 1
)
"""
INSERT = """
INSERT INTO typed VALUES
    (1, 'Ñora@Example.com', 9007199254740993, -1234.50, '1815-12-10', '2026-03-01 10:15:30.250',
     '1969-12-31 23:59:59.999999', '2026-03-01 23:00:00.125', 1, 'gold', x'00ff10', 1),
    (2, '', 0, 0, '9999-12-31', '9999-12-31 23:59:59.999', '1000-01-01 00:00:00.000001',
     '1970-01-02 00:00:00', 0, 'plain', x'0a', 1);
INSERT INTO typed (id) VALUES (3), (4)
"""
CHANGES = (
    "UPDATE typed SET born = NULL, balance = 0.01, tier = 'plain', row_version = 2 WHERE id = 1",
    "UPDATE typed SET id = 30 WHERE id = 3",
    "DELETE FROM typed WHERE id = 2",
)
DELETIONS = 2
"""Contacts that `CHANGES` delete: a row, and the old key of another."""

EXPECTED = """
SELECT
    id AS _user_id, email, visits, balance, born, vip, tier, row_version,
    CONCAT(SUBSTR(DATE_FORMAT(logged_in, '%Y-%m-%dT%H:%i:%s.%f'), 1, 23), 'Z') AS logged_in,
    CONCAT(SUBSTR(DATE_FORMAT(seen, '%Y-%m-%dT%H:%i:%s.%f'), 1, 23), 'Z') AS seen,
    CONCAT(SUBSTR(DATE_FORMAT(registered, '%Y-%m-%dT%H:%i:%s.%f'), 1, 23), 'Z') AS registered,
    TO_BASE64(photo) AS photo
FROM typed
"""
NUMBERS: Mapping[str, Callable[[str], Any]] = {
    "visits": int,
    "balance": float,
    "vip": int,
    "row_version": int,
}
MAPPING = f"""\
topic: {TOPIC}
contact:
  user_id: id
  attributes:
    {{email: email, visits: visits, balance: balance, born: born, logged_in: logged_in, seen: seen,
    registered: registered, vip: vip, tier: tier, photo: photo, row_version: row_version}}
"""


def contacts(server: MariaDbServer) -> dict[str, dict[str, Any]]:
    """Return what Instasent must hold by user id; the client gives every value as text."""
    return {
        str(row["_user_id"]): {
            column: None if text is None else NUMBERS.get(column, str)(text) for column, text in row.items()
        }
        for row in server.query(EXPECTED)
    }
