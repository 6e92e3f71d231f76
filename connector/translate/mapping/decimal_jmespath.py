"""JMESPath on rows that hold exact decimals.

JMESPath knows numbers as floats and integers. Here, a decimal that a float would round is a `Decimal`
(`ColumnType.for_expression`), and counts as a number. It is compared with the shortest digits of a float.
Sums are decimal: 0.1 + 0.2 is 0.3.
"""

import math
from collections.abc import Callable
from decimal import Decimal
from numbers import Number
from typing import Any, TypeAlias

from jmespath import Options
from jmespath.functions import Functions, signature
from jmespath.visitor import TreeInterpreter

from connector.translate.values.decimals import as_operand, split_text
from connector.translate.values.text import read_string
from connector.translate.values.unusable import ConversionError

Operand: TypeAlias = int | float | Decimal


def search_of(parsed: Any) -> Callable[[Any], Any]:
    """Make the search of a parsed expression. On odd values it raises JMESPath's own errors."""
    visit = _INTERPRETER.visit
    return lambda row: visit(parsed, row)


class _ExactFunctions(Functions):
    """JMESPath's functions, with those that would round, quote or refuse a `Decimal` written again."""

    @signature({"types": ["array-number"]})
    def _func_sum(self, numbers: list[Operand]) -> Operand:
        return math.nan if _any_infinite(numbers) else as_operand(*_total(numbers))

    @signature({"types": ["array-number"]})
    def _func_avg(self, numbers: list[Operand]) -> Operand | None:
        """Divide the exact sum: an average is a float, rounded once."""
        if not numbers or _any_infinite(numbers):
            return math.nan if numbers else None
        unscaled, scale = _total(numbers)
        dividend: int = unscaled * 10 ** max(-scale, 0)
        divisor: int = len(numbers) * 10 ** max(scale, 0)
        return dividend / divisor

    @signature({"types": ["number"]})
    def _func_abs(self, number: Operand) -> Operand:
        return number.copy_abs() if isinstance(number, Decimal) else abs(number)

    @signature({"types": []})
    def _func_to_string(self, value: Any) -> Any:
        return read_string(value)

    @signature({"types": []})
    def _func_to_number(self, value: Any) -> Operand | None:
        if isinstance(value, str):
            try:
                return as_operand(*split_text(value))
            except ConversionError:
                return None
        return value if _is_number(value) else None

    @signature({"types": []})
    def _func_type(self, value: Any) -> str | None:
        return self._convert_to_jmespath_type(type(value).__name__)

    # JMESPath asks the next two for the types of arguments; its stubs leave them out.

    def _convert_to_jmespath_type(self, name: str) -> str:
        known: str = super()._convert_to_jmespath_type(name)  # type: ignore[misc]
        return "number" if name == "Decimal" else known

    def _get_allowed_pytypes(self, types: list[str]) -> tuple[list[str], list[tuple[str, ...]]]:
        names, members = super()._get_allowed_pytypes(types)  # type: ignore[misc]
        more = [(*group, "Decimal") if "float" in group else group for group in members]
        return [*names, "Decimal"] if "float" in names else names, more


class _ExactInterpreter(TreeInterpreter):
    def visit_comparator(self, node: Any, value: Any) -> Any:
        left, right = (self.visit(child, value) for child in node["children"])
        if type(left) is Decimal and type(right) is float:
            right = Decimal(repr(right))
        elif type(right) is Decimal and type(left) is float:
            left = Decimal(repr(left))
        comparison = node["value"]
        if comparison not in ("eq", "ne") and not (_is_ordered(left) and _is_ordered(right)):
            return None
        return self.COMPARATOR_FUNC[comparison](left, right)


def _total(numbers: list[Operand]) -> tuple[int, int]:
    parts = [split_text(str(number)) for number in numbers]
    scale = max((scale for _, scale in parts), default=0)
    return sum(unscaled * 10 ** (scale - own) for unscaled, own in parts), scale


def _any_infinite(numbers: list[Operand]) -> bool:
    return any(type(number) is float and not math.isfinite(number) for number in numbers)


def _is_number(value: Any) -> bool:
    return isinstance(value, Number) and not isinstance(value, bool)


def _is_ordered(value: Any) -> bool:
    return isinstance(value, str) or _is_number(value)


_INTERPRETER = _ExactInterpreter(Options(custom_functions=_ExactFunctions()))
"""One for all expressions: it remembers which method visits which kind of node and nothing of a row."""
