"""Compare an object of Grafana's SDK with what the SDK's classes say of their fields.

The SDK's Python package does not ship its JSON schema, only classes that are made from the same
source. They take whatever they are given, so their annotations are checked here.
"""

import types
from collections.abc import Iterator
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

MODELS = "grafana_foundation_sdk.models"


def wrong(value: object, hint: Any, at: str) -> Iterator[str]:  # noqa: ANN401 - any annotation
    """Say what of a value its annotation does not allow.

    Args:
        value: what was read from JSON.
        hint: what it has to be.
        at: where it stands.

    """
    origin, inner = get_origin(hint), get_args(hint)
    if hint in (Any, object):
        yield from _wrong_fields(value, at)
    elif origin in (Union, types.UnionType):
        yield from _wrong_for_all(value, inner, at)
    elif origin is list and isinstance(value, list):
        for number, each in enumerate(value):
            yield from wrong(each, inner[0], f"{at}[{number}]")
    elif origin is dict and isinstance(value, dict):
        for key, each in value.items():
            yield from wrong(each, inner[1], f"{at}.{key}")
    elif (words := _words(hint)) is not None:
        if value not in words:
            yield f"{at}: {value!r} is none of {', '.join(map(str, words))}"
    elif isinstance(value, dict) and hasattr(hint, "from_json"):  # the SDK left it as it was
        yield from _wrong_fields(hint.from_json(value), at)
    elif not _is_instance(value, hint):
        yield f"{at}: {value!r} is no {hint}"
    else:
        yield from _wrong_fields(value, at)


def _words(hint: Any) -> tuple[object, ...] | None:  # noqa: ANN401 - any annotation
    if get_origin(hint) is Literal:
        return get_args(hint)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return tuple(member.value for member in hint)
    return None


def _wrong_fields(value: object, at: str) -> Iterator[str]:
    if type(value).__module__.startswith(MODELS):
        for name, of in get_type_hints(type(value)).items():
            yield from wrong(getattr(value, name), of, f"{at}.{name}")


def _wrong_for_all(value: object, hints: tuple[Any, ...], at: str) -> Iterator[str]:
    found = [list(wrong(value, hint, at)) for hint in hints]
    if all(found):
        # The one that comes nearest tells most.
        yield from max(found, key=lambda each: len(each[0].partition(":")[0]))


def _is_instance(value: object, hint: Any) -> bool:  # noqa: ANN401 - any annotation
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int and isinstance(value, bool):
        return False
    return isinstance(value, get_origin(hint) or hint)
