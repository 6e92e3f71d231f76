"""The answers to a write, in both documented shapes (ingest-api.md 3)."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from connector.sandbox.api.behaviour import AnswerShape, Behaviour
from connector.sandbox.api.checks import Complaints

SPEED_TIER = 1


class Judged(NamedTuple):
    """One submitted item with what was wrong with it; for a delete the item is the user id."""

    item: Any
    complaints: Complaints


def write_answer(
    judged: Sequence[Judged], behaviour: Behaviour, status: int, *, dry_run: bool
) -> dict[str, Any]:
    """Answer a write in the shape that the behaviour asks for."""
    if behaviour.shape is AnswerShape.ENTITY:
        return {"entity": _entity(judged)}
    return _receipt(judged, behaviour, status, dry_run=dry_run)


def _receipt(judged: Sequence[Judged], behaviour: Behaviour, status: int, *, dry_run: bool) -> dict[str, Any]:
    base = behaviour.position_base
    numbered = list(enumerate(judged, start=base))
    accepted = [{"position": at, "item": one.item} for at, one in numbered if not one.complaints]
    errors = [
        {"position": at, "item": one.item, "error": _one_line(one.complaints)}
        for at, one in numbered
        if one.complaints
    ]
    counts = {"entitiesSuccess": len(accepted), "entitiesFailures": len(errors)}
    return {
        "success": not errors,
        "status": status,
        **counts,
        "entitiesLimit": behaviour.items_max,
        "accepted": accepted,
        "errors": errors,
        "stats": {
            "callsTotal": 1,
            "callsSuccess": int(not errors),
            "callsFailures": int(bool(errors)),
            **counts,
        },
        "dryRun": dry_run,
        "apiSpeedTier": SPEED_TIER,
        "streamId": f"stream-{behaviour.datasource}",
        "projectId": f"id-{behaviour.project}",
        "projectUid": behaviour.project,
        "datasourceId": behaviour.datasource,
        "datasourceUid": f"uid-{behaviour.datasource}",
    }


def _entity(judged: Sequence[Judged]) -> dict[str, Any]:
    failed = sum(bool(one.complaints) for one in judged)
    return {
        "successful": len(judged) - failed,
        "failed": failed,
        "items": [_entity_item(one) for one in judged],
    }


def _entity_item(one: Judged) -> dict[str, Any]:
    user_id = one.item.get("_user_id") if isinstance(one.item, dict) else one.item
    if one.complaints:
        return {"status": "error", "_user_id": user_id, "errors": one.complaints}
    return {"status": "success", "_user_id": user_id}


def _one_line(complaints: Complaints) -> str:
    return "; ".join(f"{name}: {' '.join(messages)}" for name, messages in complaints.items())
