"""The expected value of each column of a captured row: the truth, and Debezium's change of it."""

from collections.abc import Iterable, Mapping
from typing import Any

from tests.fixtures.captures import MARIADB, POSTGRES, Version, topics, truth
from tests.translate.captured import capture_of, connector_of, table_of
from tests.translate.expected_values import Fate, Handling, number, sent

TABLES = frozenset({"numbers", "odd", "times", "zeros", "texts", "nested", "defaults", "toasted"})
"""Tables that test values: each version of a row is one record."""

BARE = frozenset({"pj", "mj"})
"""Connectors that write these tables as JSON without a schema."""

HANDLING: Mapping[str, Handling] = {
    "pvl": Handling("double", "connect", "string", "map", "hex"),
    "pvt": Handling("string"),
    "pvn": Handling(binary="base64-url"),
    "mvl": Handling("double", "connect", binary="hex", unsigned="precise"),
    "mvt": Handling("string"),
}
"""Connectors with other options for values than the defaults (`tests/stack/capture`)."""

_EPOCH = "1970-01-01"
_EPOCH_MS = "1970-01-01T00:00:00.000Z"
_ZEROS = {"day": _EPOCH, "dt0": _EPOCH_MS, "dayn": None, "dt0n": None}
_ALL_ZEROS = {**_ZEROS, "dt6": _EPOCH_MS, "dt6n": None, "ts0": _EPOCH_MS}
_DEFAULTS = {"named": "nobody", "count": number(7), "day": "2020-02-29"}
_NO_TIMES = dict.fromkeys(("t0", "t3", "t6"))
_NO_TIMESTAMPS = dict.fromkeys(("ts0", "ts3", "ts6"))

OTHERWISE: Mapping[str, Mapping[str, Any]] = {
    # Debezium's value differs from the database's, and no reader of the record can notice.
    # capture or connector, table and key -> the value that is sent
    #
    # Converters put a column's default for its null by default (debezium-events.md 6.5).
    f"{POSTGRES} defaults 2": {**_DEFAULTS, "dec": number("1.5")},
    "pvt defaults 2": {"dec": "1.50"},
    f"{MARIADB} defaults 2": {
        **_DEFAULTS,
        "deci": number("1.5"),
        "at": _EPOCH_MS,
        "big_u": number(2**63 - 1),
    },
    "mvl defaults 2": {"big_u": number(2**64 - 1)},
    "mvt defaults 2": {"deci": "1.50"},
    # Dates of zeros are null, or 1970 in a column that may not be null; a year 0 is 1900.
    f"{MARIADB} zeros 1": {**_ALL_ZEROS, "ts0n": None},
    f"{MARIADB} zeros 2": {**_ALL_ZEROS, "ts0n": _EPOCH_MS, "yr": number(1900)},
    f"{MARIADB} zeros 3": _ZEROS,
    f"{MARIADB} times 4": {"yr": number(1900)},
    # A scale of -2 is taken for one of 2046.
    "pvt odd 1": {"hundreds": f"123400.{'0' * 2046}"},
    # Options lose what their form cannot hold: times beyond a day, timestamps beyond 64 bits of nanoseconds.
    "mvl times 2": _NO_TIMES,
    "mvl times 3": _NO_TIMES,
    "mvt times 2": _NO_TIMES,
    "mvt times 3": _NO_TIMES,
    "mvt times 4": {"t0": "00:00:00"},
    "pvt times 2": {"t6": "00:00:00"},
    "pvn times 5": _NO_TIMESTAMPS,
    "pvn times 6": _NO_TIMESTAMPS,
}

STORED_ELSEWHERE = tuple(name for name in truth(POSTGRES, "toasted").columns if name not in ("id", "version"))
"""The columns of `toasted` that its update did not touch."""

WITHOUT_PLACEHOLDER: Mapping[str, tuple[str, ...]] = {
    # connector -> which of these come as null, and so clear an attribute: nothing says they are unchanged
    "pj": ("dec",),
    "pav": ("dec",),
    "pvl": ("dec", "days", "blobs"),
    "pvt": ("bytes", "days", "blobs"),
    "pvn": ("bytes", "dec", "blobs"),
}


def value_topics(*, bare: bool) -> list[str]:
    """Return the topics of `TABLES`, those without a schema or all the others."""
    return [
        topic
        for name in (POSTGRES, MARIADB)
        for topic in topics(name)
        if table_of(topic) in TABLES and (connector_of(topic) in BARE) is bare
    ]


def expected(topic: str, version: Version) -> dict[str, Any]:
    """Return the expected value of each column of a row where the mapping names no `as:`, or need not."""
    capture, table, connector = capture_of(topic), table_of(topic), connector_of(topic)
    assert version.row is not None
    columns, handling = truth(capture, table).columns, HANDLING.get(connector, Handling())
    row = {name: sent(capture, columns[name], text, handling) for name, text in version.row.items()}
    for place in (capture, connector):
        row.update(OTHERWISE.get(f"{place} {table} {version.key}", {}))
    if table == "toasted" and version.row["version"] == "2":
        row.update(dict.fromkeys(STORED_ELSEWHERE, Fate.LEFT_OUT))
        row.update(dict.fromkeys(WITHOUT_PLACEHOLDER[connector]))
    return row


def sent_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the expected upsert of a row whose values can all be sent."""
    return {name: value for name, value in row.items() if value is not Fate.LEFT_OUT}


def refused(row: Mapping[str, Any]) -> Iterable[str]:
    """Return the columns whose values make a dead letter of their record."""
    return [name for name, value in row.items() if value is Fate.DEAD_LETTER]
