"""The mapping language: the contents of a topic file (docs/mapping.md).

The models describe and normalise: a rule written as plain text becomes a `PathRule`, `as: date` and
`as: {timestamp: us}` both become a `Form`. The compiler checks paths, templates and conditions.
"""

import difflib
import re
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainValidator,
    Tag,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from connector.model import Operation
from connector.translate.values.forms import As, Form, TimeUnit


class Model(BaseModel):
    """Base of everything below: frozen, no unknown keys, docstrings become schema descriptions."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, hide_input_in_errors=True
    )


# ------------------------------------------------------------------------------------------ `as:`


class TimestampForm(Model):
    """A timestamp that the record holds as a number of these units since 1970."""

    timestamp: TimeUnit
    """The unit."""


class DecimalForm(Model):
    """A decimal that the record holds as the base64 of its unscaled value, with this scale."""

    decimal: Annotated[int, Field(ge=0, le=999)]
    """The scale: the number of digits after the point."""


def _read_form(form: object) -> Form:
    match form:
        case str() if form in list(As):
            return Form(As(form))
        case {"timestamp": "s" | "ms" | "us" | "ns" as unit, **rest} if not rest:
            return Form(As.TIMESTAMP, unit=unit)
        case {"decimal": scale, **rest} if not rest and re.fullmatch("[0-9]{1,3}", str(scale)):
            return Form(As.DECIMAL, scale=int(str(scale)))  # text where it came from a variable
        case _:
            close = difflib.get_close_matches(form, list(As), n=1) if isinstance(form, str) else []
            allowed = f"one of {', '.join(As)}, {{timestamp: s|ms|us|ns}}, {{decimal: SCALE}}"
            hint = f"did you mean `{close[0]}`?" if close else allowed
            raise PydanticCustomError("unknown_as", "not a form of `as`", {"hint": hint})


# ------------------------------------------------------------------------------------------- rules


class PathRule(Model):
    """Takes the value from the row."""

    from_: Annotated[str, Field(alias="from", min_length=1)]
    """A path into the row (`customer.id`) or any JMESPath expression."""
    as_: Annotated[
        Form | None,
        PlainValidator(_read_form, json_schema_input_type=As | TimestampForm | DecimalForm),
        Field(alias="as"),
    ] = None
    """The form of the value: its type in the record, or the conversion before it is sent."""
    region: Annotated[str | None, Field(pattern="^[A-Z]{2}$")] = None
    """With `as: e164`: the country (ISO 3166, such as ES) of numbers written without a prefix."""

    @property
    def form(self) -> Form | None:
        """The form with the rule's region; None without `as:`."""
        return None if self.as_ is None else self.as_._replace(region=self.region)

    @model_validator(mode="after")
    def _region_belongs_to_e164(self) -> Self:
        if self.region is not None and (self.as_ is None or self.as_.name is not As.E164):
            raise PydanticCustomError(
                "region_alone", "`region` has no effect here", {"hint": "it belongs to `as: e164`"}
            )
        return self


class TemplateRule(Model):
    """Builds text from several columns."""

    template: Annotated[str, Field(min_length=1)]
    """Text with paths in braces: `{first_name} {last_name}`; left out when a path is missing or null."""


class ValueRule(Model):
    """Sends the same value for every row."""

    value: Any
    """Any YAML value."""


def _from_text(rule: object) -> object:
    return {"from": rule} if isinstance(rule, str) else rule


def _form_of(rule: object) -> str | None:
    """Choose the form of a rule by the one key that only this form has."""
    if isinstance(rule, Model):
        return type(rule).__name__
    if isinstance(rule, dict):
        forms = {"from": "PathRule", "template": "TemplateRule", "value": "ValueRule"}
        return next((form for key, form in forms.items() if key in rule), None)
    return None


Rule: TypeAlias = Annotated[
    Annotated[PathRule, Tag("PathRule")]
    | Annotated[TemplateRule, Tag("TemplateRule")]
    | Annotated[ValueRule, Tag("ValueRule")],
    Discriminator(
        _form_of,
        custom_error_type="unknown_rule",
        custom_error_message="not a rule: write a path, or a mapping with `from`, `template` or `value`",
    ),
    BeforeValidator(
        _from_text,
        json_schema_input_type=Annotated[str, Field(min_length=1)] | PathRule | TemplateRule | ValueRule,
    ),
]
"""How one value is found: plain text is a path; otherwise `from`, `template` or `value`."""

Name: TypeAlias = Annotated[str, Field(min_length=1)]


class ContactRules(Model):
    """How a row becomes a contact."""

    user_id: Rule
    """The contact's identity; evaluated on the key for deletes."""
    attributes: dict[Name, Rule] = {}
    """Attribute of the contact -> where its value comes from."""
    instant: tuple[Operation, ...] = (Operation.CREATE, Operation.UPDATE)
    """The operations whose upserts are processed immediately; Instasent queues the others."""
    on_delete: Literal["delete", "ignore", "clear"] = "delete"
    """The effect of a deleted row: delete the contact, nothing, or clear its mapped attributes."""
    before: Literal["auto", "full", "key"] = "auto"
    """Whether a delete's before-image is complete: auto knows the database, key never uses it."""

    @field_validator("attributes")
    @classmethod
    def _user_id_is_no_attribute(cls, attributes: dict[str, Rule]) -> dict[str, Rule]:
        if "_user_id" in attributes:
            raise PydanticCustomError(
                "user_id_attribute", "`_user_id` is no attribute", {"hint": "write `contact.user_id`"}
            )
        return attributes


class EventRules(Model):
    """How a row or a domain record becomes an event."""

    type: Name
    """The event type, as it is defined at Instasent."""
    on: Annotated[tuple[Operation, ...], Field(min_length=1)] = (Operation.CREATE,)
    """The operations of change records that make an event; plain domain records always do."""
    user_id: Rule
    """The event's contact."""
    id: Rule | None = None
    """The stable `_event_id`; by default made from the fields that identify the record."""
    date: Rule | None = None
    """The date of the event; by default the record's timestamp."""
    parameters: dict[Name, Rule] = {}
    """Parameter of the event -> where its value comes from."""
    contact_wait_seconds: Annotated[int, Field(ge=0, le=3600)] = 60
    """How long a rejected event is tried again while its contact may still arrive."""
    when: Name | None = None
    """A JMESPath condition; where it is false the event is skipped on purpose and counted."""


# ---------------------------------------------------------------------------------------- examples


class ExpectedDelivery(Model):
    """One delivery that a mapping must make: exactly one of the three."""

    upsert: dict[str, Any] | None = None
    """The contact as it is sent, with `_user_id`."""
    delete: Name | None = None
    """The `_user_id` of the contact that is deleted."""
    event: dict[str, Any] | None = None
    """The event as it is sent, with `_user_id` and `_event_type`."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if [self.upsert, self.delete, self.event].count(None) != 2:
            raise PydanticCustomError("one_delivery", "exactly one of `upsert`, `delete`, `event` is needed")
        return self


class Example(Model):
    """A unit test of the mapping, run by `check`."""

    name: Name
    """The example's title."""
    key: Any = None
    """The record's key as JSON; deletes take `user_id` from it."""
    headers: dict[str, str | None] = {}
    """The record's headers as text, for `__headers`, ids of outbox events and changed keys."""
    change: Any
    """The record's value as JSON: a change event, a plain domain event, or null for a tombstone."""
    delivers: tuple[ExpectedDelivery, ...]
    """The expected deliveries, in this order; an empty list for a skipped record."""
    exact: bool = False
    """Compare every field; otherwise only those named here."""


# ------------------------------------------------------------------------------------ topic files


def _valid_pattern(pattern: str) -> str:
    """Refuse syntax that librdkafka's POSIX expressions read differently from Python's."""
    hint = "write POSIX syntax, such as ^shop\\.public\\.(a|b)$"
    if not pattern.startswith("^"):
        raise PydanticCustomError("pattern", "a pattern begins with ^", {"hint": hint})
    if re.search(r"\\[A-Za-z0-9]|\(\?|[*+?}][?+]", pattern):
        raise PydanticCustomError("pattern", "not a POSIX expression", {"hint": hint})
    try:
        re.compile(pattern)
    except re.error as error:
        raise PydanticCustomError(
            "pattern", "not a regular expression: {why}", {"why": error.msg, "hint": hint}
        ) from None
    return pattern


class TopicRules(Model):
    """One topic file: the records that it covers, and their deliveries."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [{"required": ["topic"]}, {"required": ["pattern"]}],
            "anyOf": [{"required": ["contact"]}, {"required": ["event"]}],
        }
    )

    topic: Annotated[str | None, Field(pattern=r"^[A-Za-z0-9._-]{1,249}$")] = None
    """The exact name of the topic."""
    pattern: Annotated[str, AfterValidator(_valid_pattern)] | None = None
    """Instead of `topic`: a regular expression that begins with ^ and matches several."""
    format: Literal["json", "avro", "auto"] = "auto"
    """The encoding of key and value; auto decides by each record."""
    shape: Literal["auto", "envelope", "flattened", "outbox", "event"] = "auto"
    """The shape of a value: Debezium's envelope, a flattened row, an outbox record or a plain event."""
    start: Literal["earliest", "latest"] = "earliest"
    """Where a group without a commit begins."""
    offsets_lost: Literal["pause", "earliest", "latest"] = "pause"
    """The reaction to a committed offset that is no longer in the log."""
    nulls: Literal["send", "omit"] = "send"
    """Whether a null in the row is sent as null or left out."""
    contact: ContactRules | None = None
    """How a row becomes a contact."""
    event: EventRules | None = None
    """How a record becomes an event."""
    examples: tuple[Example, ...] = ()
    """Unit tests of the mapping, run by `check`."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.topic is None) == (self.pattern is None):
            raise PydanticCustomError("topic_or_pattern", "exactly one of `topic` and `pattern` is needed")
        if self.contact is None and self.event is None:
            raise PydanticCustomError("nothing_mapped", "`contact`, `event` or both are needed")
        return self

    @property
    def source(self) -> str:
        """The topic or pattern that the consumer subscribes to."""
        return self.topic or self.pattern or ""

    def matches(self, topic: str) -> bool:
        """Return whether these rules cover a topic of that name."""
        return re.match(self.pattern, topic) is not None if self.pattern else topic == self.topic
