"""The sample shop's customers and orders: as the database holds them, and as Instasent must get them."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from connector.sandbox.records.columns import DATE, INT32, INT64, MICRO_TIMESTAMP, STRING
from connector.sandbox.records.schema import ConnectSchemaNode, nullable

_FIRST_NAMES = ("Lucía", "Hugo", "Martina", "Leo", "Sofía", "Daniel", "Julia", "Álvaro", "Ada", "Begoña")
_LAST_NAMES = ("García", "Fernández", "López", "Núñez", "Ortiz", "Ruiz", "Ibáñez", "Serra", "Vidal", "Mena")
_PLANS = ("free", "silver", "gold")
_EPOCH = date(1970, 1, 1)

COLUMNS: Mapping[str, ConnectSchemaNode] = {
    "id": INT64,
    "first_name": nullable(STRING),
    "last_name": nullable(STRING),
    "email": nullable(STRING),
    "phone": nullable(STRING),
    "birth_date": nullable(DATE),
    "plan": nullable(STRING),
    "notes": nullable(STRING),
    "row_version": nullable(INT32),
    "updated_at": nullable(MICRO_TIMESTAMP),
}
"""The columns of the table `customers`."""


@dataclass(frozen=True, slots=True)
class Customer:
    """One row of the table `customers`; `version` grows with every change of the row."""

    id: int
    first_name: str
    last_name: str
    email: str
    mobile: int | None
    birth_day: int
    plan: str
    notes: str
    version: int = 1

    def row(self, at_us: int) -> dict[str, Any]:
        """Give the columns as Debezium writes them: a date is a day number, a timestamp microseconds."""
        return {
            "id": self.id,
            "first_name": self.first_name,
            "last_name": self.last_name,
            "email": self.email,
            "phone": None if self.mobile is None else f"{self.mobile:,}".replace(",", " "),
            "birth_date": self.birth_day,
            "plan": self.plan,
            "notes": self.notes,
            "row_version": self.version,
            "updated_at": at_us,
        }

    def contact(self) -> dict[str, Any]:
        """Give what the data source must hold, by the sample's topic file."""
        return {
            "_user_id": str(self.id),
            "_first_name": self.first_name,
            "_last_name": self.last_name,
            "_email": self.email.lower(),
            "_phone_mobile": None if self.mobile is None else f"+34{self.mobile}",
            "birthday": (_EPOCH + timedelta(days=self.birth_day)).isoformat(),
            "full_name": f"{self.first_name} {self.last_name}",
            "origin": "crm",
            "plan": self.plan,
            "row_version": self.version,
        }


@dataclass(frozen=True, slots=True)
class Order:
    """One domain event of the topic of orders; `sequence` grows with every order of a customer."""

    id: str
    customer_id: int
    status: str
    cents: int
    sequence: int
    placed_us: int

    @property
    def _placed_at(self) -> str:
        placed = datetime.fromtimestamp(self.placed_us / 1_000_000, UTC)
        return placed.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    @property
    def _total(self) -> str:
        return f"{self.cents // 100}.{self.cents % 100:02}"

    def body(self) -> dict[str, Any]:
        """Give the event as the shop writes it."""
        return {
            "order_id": self.id,
            "status": self.status,
            "customer": {"id": self.customer_id},
            "placed_at": self._placed_at,
            "total": self._total,
            "currency": "EUR",
            "sequence": self.sequence,
        }

    def event(self) -> dict[str, Any]:
        """Give what the data source must hold, by the sample's topic file."""
        return {
            "_user_id": str(self.customer_id),
            "_event_id": self.id,
            "_event_type": "purchase",
            "_event_date": self._placed_at,
            "_event_parameters": {
                "amount": float(self._total),
                "currency": "EUR",
                "sequence": self.sequence,
            },
        }


def new_customer(customer_id: int, draw: random.Random, filler_bytes: int) -> Customer:
    """Make up a customer; `filler_bytes` of notes bring the record to its size."""
    return Customer(
        id=customer_id,
        first_name=draw.choice(_FIRST_NAMES),
        last_name=draw.choice(_LAST_NAMES),
        email=f"Customer.{customer_id}@Example.com",
        mobile=draw.randrange(600_000_000, 700_000_000),
        birth_day=draw.randrange(-9_000, 13_000),
        plan=draw.choice(_PLANS),
        notes="n" * filler_bytes,
    )


def changed(customer: Customer, draw: random.Random) -> Customer:
    """Change something about a customer, as an UPDATE would."""
    match draw.randrange(4):
        case 0:
            other = replace(customer, plan=draw.choice(_PLANS))
        case 1:
            other = replace(customer, mobile=draw.randrange(600_000_000, 700_000_000))
        case 2:
            other = replace(customer, mobile=None)
        case _:
            other = replace(customer, last_name=draw.choice(_LAST_NAMES))
    return replace(other, version=customer.version + 1)
