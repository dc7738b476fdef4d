"""JSON into an author's types, with errors that name the key that is wrong.

Dataclasses, `Literal`, enums, lists, dicts, unions and the plain types are read; everything else is taken as it is.
"""

from __future__ import annotations

import dataclasses
import enum
import json
import types
import typing
from typing import Any


class DecodeError(ValueError):
    """What is wrong, after the path of the key: `query.limit: expected an integer, found "x"`."""


def read(what: str, text: str, into: Any) -> Any:
    """Reads JSON text, where an empty text means an empty object."""
    try:
        value = json.loads(text) if text.strip() else {}
    except ValueError as error:
        raise DecodeError(f"{what}: not JSON: {error}") from None
    return decode(what, value, into)


def decode(what: str, value: Any, into: Any) -> Any:
    """Reads a value that JSON made into a type."""
    if into is Any or into is object or isinstance(into, typing.TypeVar):
        return value
    origin = typing.get_origin(into)
    arguments = typing.get_args(into)
    if origin is typing.Annotated:
        return decode(what, value, arguments[0])
    if origin in (typing.Union, types.UnionType):
        return _union(what, value, arguments)
    if origin is typing.Literal:
        if value not in arguments:
            raise _unexpected(what, "one of " + ", ".join(json.dumps(choice) for choice in arguments), value)
        return value
    if origin in (list, tuple) or into in (list, tuple):
        items = _typed(what, value, list, "a list")
        item = arguments[0] if arguments else Any
        read_items = [decode(f"{what}[{index}]", each, item) for index, each in enumerate(items)]
        return tuple(read_items) if (origin or into) is tuple else read_items
    if origin is dict or into is dict:
        pairs = _typed(what, value, dict, "an object")
        item = arguments[1] if arguments else Any
        return {key: decode(f"{what}.{key}", each, item) for key, each in pairs.items()}
    if isinstance(into, type):
        if dataclasses.is_dataclass(into):
            return _dataclass(what, value, into)
        if issubclass(into, enum.Enum):
            return _enum(what, value, into)
    return _plain(what, value, into)


def _plain(what: str, value: Any, into: Any) -> Any:
    if into is None or into is type(None):
        return _typed(what, value, type(None), "null")
    if into is bool:
        return _typed(what, value, bool, "true or false")
    if into is str:
        return _typed(what, value, str, "a string")
    # To Python, truth values are integers.
    if into is int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise _unexpected(what, "an integer", value)
        return value
    if into is float:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise _unexpected(what, "a number", value)
        return float(value)
    return value


def _typed(what: str, value: Any, kind: type, name: str) -> Any:
    if not isinstance(value, kind):
        raise _unexpected(what, name, value)
    return value


def _unexpected(what: str, expected: str, value: Any) -> DecodeError:
    found = json.dumps(value, ensure_ascii=False)
    return DecodeError(f"{what}: expected {expected}, found {found if len(found) < 80 else found[:79] + '…'}")


def _union(what: str, value: Any, members: tuple[Any, ...]) -> Any:
    if value is None and type(None) in members:
        return None
    failures = []
    for member in members:
        if member is not type(None):
            try:
                return decode(what, value, member)
            except DecodeError as error:
                failures.append(str(error))
    raise DecodeError("; or ".join(failures))


def _enum(what: str, value: Any, into: type[enum.Enum]) -> enum.Enum:
    try:
        return into(value)
    except ValueError:
        raise _unexpected(what, "one of " + ", ".join(json.dumps(each.value) for each in into), value) from None


def camel_case(name: str) -> str:
    """`max_rows` as JSON has it: `maxRows`."""
    head, *tail = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in tail)


def _dataclass(what: str, value: Any, into: type) -> Any:
    """A field reads the key of its name, or of its name in camel case; keys without a field are passed over, since
    clients send more than a plugin asks for."""
    pairs = _typed(what, value, dict, "an object")
    hints = typing.get_type_hints(into)
    found = {}
    for field in dataclasses.fields(into):
        if not field.init:
            continue
        key = field.name if field.name in pairs else camel_case(field.name)
        if key in pairs:
            found[field.name] = decode(f"{what}.{key}", pairs[key], hints[field.name])
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise DecodeError(f"{what}: missing key {json.dumps(key)}")
    try:
        return into(**found)
    except ValueError as error:
        # What the author's __post_init__ has to say.
        raise DecodeError(f"{what}: {error}") from None
