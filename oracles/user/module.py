"""This file is how a user's module is found, examined without running it, and imported."""

import ast
import hashlib
import importlib
import sys
import warnings
from collections.abc import Callable
from functools import lru_cache
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path

from eutectic.oracles.base import EngineMissing
from eutectic.oracles.suggestions import unknown


def parse(function: str) -> tuple[str, str]:
    """`module:name` in two; ValueError with the likely spelling otherwise."""
    module, colon, name = function.partition(":")
    if module.endswith(".py"):
        raise ValueError(f"function: {function!r} names a file; write {module.removesuffix('.py')}:{name or 'name'}")
    if not colon or not all(part.isidentifier() for part in [*module.split("."), *name.split(".")]):
        raise ValueError(f"function: {function!r} is not written as my_module:my_function")
    return module, name


def examine(function: str, folder: str) -> None:
    """ValueError when the module or the function is not there; only the source is read."""
    module, name = parse(function)
    source = _source(module, folder)
    if source is None or source.suffix != ".py":
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what Python says again where the module is imported
            tree = ast.parse(source.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError) as error:
        raise ValueError(f"{source.name}: cannot be read as Python: {error}") from None
    known = _bound(tree)
    if known is not None and name.split(".")[0] not in known:
        raise ValueError(f"{source.name}: {unknown('function', name, sorted(known))}")


def digest(function: str, folder: str) -> str:
    """First 16 hex digits of the hash of the module's file, empty without one; ValueError when there is no module."""
    source = _source(parse(function)[0], folder)
    return _hash(source.read_bytes()) if source else ""


def _source(module: str, folder: str) -> Path | None:
    """The file of a module, None for one without; ValueError with the nearest module when there is none."""
    top, *inner = module.split(".")
    spec = PathFinder.find_spec(top, [folder]) or find_spec(top)
    for part in inner:
        spec = PathFinder.find_spec(part, spec.submodule_search_locations or []) if spec else None
    if spec is None:
        known = sorted(p.stem for p in Path(folder).glob("*.py"))
        raise ValueError(f"function: {unknown('module', module, known)} (looked in {folder}, then among the installed)")
    return Path(spec.origin) if spec.origin and spec.has_location else None


def _bound(tree: ast.Module) -> set[str] | None:
    """Names a module binds anywhere at its top level; None when only running it can tell."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {a.asname or a.name.split(".")[0] for a in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return None if names & {"*", "__getattr__"} else names


@lru_cache(maxsize=64)
def load(function: str, folder: str) -> tuple[Callable[..., object], str]:
    """The function and the hash of its module's source; EngineMissing when it cannot be imported."""
    module, name = parse(function)
    folder = str(Path(folder).resolve())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    cure = f"try: cd {folder} && {sys.executable} -c 'import {module}'"
    try:
        found: object = importlib.import_module(module)
        origin = getattr(found, "__file__", None)
        for part in name.split("."):
            found = getattr(found, part)
    except ModuleNotFoundError as error:
        raise EngineMissing(f"{function}: {error}; pip install {error.name}, or put it into {folder}") from error
    except (Exception, SystemExit) as error:
        raise EngineMissing(f"{function}: cannot be imported ({type(error).__name__}: {error}); {cure}") from error
    _check_origin(module, origin, folder)
    if not callable(found):
        raise EngineMissing(f"{function}: is a {type(found).__name__}, not a function; {cure}")
    source = Path(origin).read_bytes() if origin else b""
    return found, _hash(source)


def _hash(source: bytes) -> str:
    return hashlib.sha256(source).hexdigest()[:16]


def _check_origin(module: str, origin: str | None, folder: str) -> None:
    """EngineMissing when a module already imported hides the user's file of the same name."""
    beside = Path(folder) / f"{module.replace('.', '/')}.py"
    if beside.is_file() and (origin is None or Path(origin).resolve() != beside.resolve()):
        raise EngineMissing(
            f"{beside}: the name {module!r} is taken by {origin or 'a built-in'}; mv {beside} to another name"
        )
