"""This file is what every surrogate and optimizer demands of its options when it is made, and how it shows them.

A part is a frozen dataclass; `strict` refuses what its annotations do not allow, before its own rules are asked. It is
the one place that takes keywords it does not name: to say which name was meant.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from functools import wraps
from html import escape
from inspect import signature
from numbers import Integral, Real
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

import numpy as np

from eutectic.surrogates.frames import near

T = TypeVar("T")

_WORDS = {int: "a whole number", float: "a finite number", bool: "true or false", str: "a text"}


def strict(part: type[T]) -> type[T]:
    """The dataclass, which refuses an unknown option (TypeError) or value (ValueError) with the nearest of the known.

    Lists become tuples and numbers of NumPy become plain ones. `repr` names the options that are not the default.
    """
    initial: Callable[..., None] = part.__init__
    expected = signature(initial)
    annotations = {field.name: field.type for field in fields(part)}  # type: ignore[arg-type]
    offered = [field.name for field in _offered(part)]

    @wraps(initial)
    def checked(self: Any, *values: object, **options: object) -> None:
        for name in options:
            if name not in annotations:
                raise TypeError(f"{part.__name__} has no option {name!r}{near(name, offered)}")
        bound = expected.bind(self, *values, **options)
        for name, value in bound.arguments.items():
            if name in annotations:
                bound.arguments[name] = taken(name, value, annotations[name])
        initial(*bound.args, **bound.kwargs)

    for method, body in (("__init__", checked), ("__repr__", line), ("_repr_html_", table)):
        setattr(part, method, body)
    return part


def taken(name: str, value: Any, annotation: Any) -> Any:
    """The value of an option as it is kept; ValueError where its annotation does not allow it."""
    value = value.item() if isinstance(value, np.generic) else value
    value = tuple(value) if isinstance(value, list) and not _allows(value, annotation) else value
    if _allows(value, annotation):
        return value
    known = [choice for choice in _choices(annotation) if isinstance(choice, str)]
    if known and isinstance(value, str):
        raise ValueError(f"{name}: {value!r} is unknown{near(value, known)}")
    raise ValueError(f"{name} must be {wanted(annotation)}, not {value!r}")


def wanted(annotation: Any) -> str:
    """What an annotation allows, in words."""
    if get_origin(annotation) in (Union, UnionType):
        return " or ".join(wanted(inner) for inner in get_args(annotation))
    if get_origin(annotation) is Literal:
        return ", ".join(map(repr, get_args(annotation)))
    if get_origin(annotation) is tuple:
        inner = get_args(annotation)
        return f"a list, each {wanted(inner[0])}" if inner[1:] == (...,) else f"a list of {len(inner)}"
    if annotation in (None, type(None)):
        return "None"
    return _WORDS.get(annotation) or ("a mapping" if get_origin(annotation) in (dict, Mapping) else str(annotation))


def line(part: Any) -> str:
    """`Forest(trees=30)`: the options that differ from their defaults."""
    changed = [f"{o.name}={getattr(part, o.name)!r}" for o in _offered(part) if getattr(part, o.name) != _default(o)]
    return f"{type(part).__name__}({', '.join(changed)})"


def table(part: Any) -> str:
    """A row an option, those that differ from their defaults in bold, as HTML."""
    rows = []
    for option in _offered(part):
        value = escape(repr(getattr(part, option.name)))
        shown = value if getattr(part, option.name) == _default(option) else f"<b>{value}</b>"
        rows.append(f"<tr><td>{option.name}</td><td>{shown}</td></tr>")
    return f"<table><caption>{escape(type(part).__name__)}</caption>{''.join(rows)}</table>"


def _offered(part: Any) -> list[Field[Any]]:
    return [field for field in fields(part) if field.init and field.metadata.get("option", True)]


def _default(option: Field[Any]) -> object:
    return option.default_factory() if option.default_factory is not MISSING else option.default


def _choices(annotation: Any) -> tuple[object, ...]:
    """What a Literal, alone or in a union, lists."""
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    inner = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else ()
    return tuple(choice for one in inner for choice in _choices(one))


def _allows(value: Any, annotation: Any) -> bool:
    """Does an annotation allow the value? What is no plain type (a protocol, an array) is left to the part."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return any(_allows(value, one) for one in inner)
    if origin is Literal:
        return any(value == choice and type(value) is type(choice) for choice in inner)
    if origin is tuple:
        if not isinstance(value, tuple):
            return False
        each = inner[:1] * len(value) if inner[1:] == (...,) else inner
        return len(each) == len(value) and all(_allows(v, one) for v, one in zip(value, each, strict=True))
    if origin in (dict, Mapping):
        return isinstance(value, Mapping) and all(_allows(key, inner[0]) for key in value)
    if annotation is float:
        return type(value) is not bool and isinstance(value, Real) and bool(np.isfinite(float(value)))
    if annotation is int:
        return type(value) is not bool and isinstance(value, Integral)
    if annotation in (bool, str):
        return isinstance(value, annotation)
    return value is None if annotation in (None, type(None)) else True
