"""The numbers of the catalogue that each kind of fault represents; () where none asks for it.

A kind counts as tried only because `test_every_fault_happens` sees it happen. The counts of `world.count` are
in the world's `faults`; the rest is read from the events of a run (`seen.py`).
"""

from collections.abc import Mapping

KINDS: Mapping[str, tuple[str, ...]] = {
    # what becomes of a request (`scenario.REQUEST_FAULTS`)
    "refused": ("F064",),
    "reset before": ("F065",),
    "reset after": ("F063", "F065"),
    "cut short": ("F066",),
    "html instead": ("F049",),
    "html after": ("F049",),
    "500 before": ("F059",),
    "500 after": ("F059",),
    "busy": ("F059",),
    "left out": ("F048",),
    "disordered": ("F048",),
    "stranger": ("F048",),
    "undocumented": ("F050",),
    "redirect": ("F060",),
    "slow": ("F061",),
    "too slow": ("F061", "F067"),
    # other moments (`scenario.RATES`)
    "commit refused": ("F013", "F016"),
    "commit lost": ("F014",),
    "commit unanswered": ("P06",),
    "commit late": ("P06",),
    "commit deferred": ("F013", "F014"),
    "letter refused": ("F081",),
    "letter unanswered": ("F081",),
    "stall inside": ("F007", "F097"),
    "crash inside": ("F089",),
    "item busy": ("F047",),
    # incidents (`scenario.INCIDENTS`)
    "crash": ("F073", "F079"),
    "stop": ("F088",),
    "stall": ("F007", "F075", "F097"),
    "netsplit": ("F005",),
    "rebalance": (),
    "storm": ("F011",),
    "arrival": (),
    "brokers away": ("F014", "F028", "F030"),
    "letters away": ("F081",),
    "api away": ("F064",),
    "api failing": ("F059",),
    "token revoked": ("F052", "F053"),
    "datasource gone": ("F054",),
    "captive portal": ("F049",),
    "strangers": ("F057",),
    "clock step": ("F096",),
    "compaction": ("F018",),
    "retention": ("F021",),
    "recreation": ("F026", "F079"),
    "partition added": ("F024",),
    "credentials": (),
    # what comes of them, as `world.count` counts it
    "evicted": ("F005",),
    "drain deadline": ("F004",),
    "commit fenced": ("F005",),
    "lease refused": ("F007", "F097"),
    "offsets lost (pause)": ("F021",),
    "offsets lost (earliest)": ("F021",),
    "offsets lost (latest)": ("F021",),
    "metadata undecided": ("F026",),
    "registry away": ("F040",),
    "sent before the loss was heard": (),
    "contact disturbed by a late request": ("F074",),
    # what the logs hold (`seen.RECORDS`)
    "undecodable record": ("F036",),
    "tombstone": ("F037",),
    "record about no row": ("F038",),
    "key that changes": ("F045",),
    "snapshot read": ("F080",),
    "changes written twice": ("F079",),
    "deletion of an id that needs quoting": ("I8",),
    "gap of offsets": ("F018",),
    "control records at the end": ("F020",),
    # the events that the instances get, and their state (`seen.in_trace`)
    "revoke, eager": ("F001",),
    "revoke, cooperative": ("F002",),
    "revoke, consumer": ("F002",),
    "assigned again while requests travel": ("F008",),
    "answers out of order": ("F017",),
    "several records in one upsert": ("F076",),
    "others pass while a contact waits": ("F077",),
    "some items refused": ("F047", "F055"),
    "all items refused": ("F055",),
    "whole batch refused": ("F051",),
    "too large": ("F056",),
    "throttled": ("F057",),
    "404 to a deletion": ("F054", "F063"),
    "unknown schema": ("F040",),
}

RARE = {"sent before the loss was heard"}
"""Kinds that a few hundred seeds need not meet; no number rests on them."""

PROMISES: Mapping[str, tuple[str, ...]] = {
    # invariant -> which promises the oracle and the world check for it, in the words of their `expect`
    "I1": (
        "committed what is not settled:",
        "the final state differs:",
        "an event is lost:",
        "not among the dead letters:",
        "unaccounted records",
    ),
    "I2": (
        "committed what is not settled:",
        "commit for a partition that is not ours:",
        "a commit went backwards:",
        "the committed offset went back:",
        "committed beyond the log's end:",
    ),
    "I3": (
        "two requests with one contact",
        "an upsert does not carry what is next for its contact:",
        "an event overtook, or came twice, or no record asks for it:",
        "a delete overtook an event, or no record asks for it:",
        "the final state differs:",
    ),
    "I4": (
        "the id of an event has changed",
        "an event is there under two ids",
        "a record was translated otherwise before",
    ),
    "I5": (
        "sent for a partition that is not ours:",
        "sent for another's partition",
        "a zombie has sent after its stall",
        "given back before it was drained:",
    ),
    "I6": (
        "buffered records",
        "buffered bytes",
        "requests in flight",
        "batch size",
        "a rebalance is kept waiting",
        "no halt within drain_ms",
        "the engine spins",
    ),
}
