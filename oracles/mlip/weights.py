"""This file is what a `model:` path may be: what holds no weights, is cut off, or would run code, is refused.

Most packages read weights with Python's unpickler, which calls whatever function the file names. A file is looked at
before, without being loaded, and one that names more than tensors, arrays and containers needs the user's word.
"""

import hashlib
import json
import pickletools
import zipfile
from pathlib import Path

HARMLESS = frozenset(
    (
        "collections OrderedDict",
        "torch._utils _rebuild_tensor_v2",
        "torch._utils _rebuild_parameter",
        *(f"torch {kind}Storage" for kind in ("Float", "Double", "Half", "BFloat16", "Long", "Int", "Bool", "Byte")),
        *(
            f"torch {kind}"
            for kind in ("device", "Size", "float32", "float64", "float16", "bfloat16", "int64", "int32")
        ),
        "numpy.core.multiarray _reconstruct",
        "numpy.core.multiarray scalar",
        "numpy._core.multiarray _reconstruct",
        "numpy._core.multiarray scalar",
        "numpy ndarray",
        "numpy dtype",
        "_codecs encode",
        "__builtin__ set",
        "builtins set",
    )
)
"""What pickles of weights name (module and attribute): makers of tensors, arrays and containers, and nothing else."""
INDIRECT = ("STACK_GLOBAL", "INST", "OBJ", "NEWOBJ_EX", "EXT1", "EXT2", "EXT4")
"""Operations that name a function in a way which is not followed here."""
PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
FOLDER = ("model.json", "model.pt", "state.pt")
"""What `matgl` keeps of a model in a folder."""


def require(calculator: str, path: Path, trusted: bool) -> None:
    """ValueError when the file or folder at `path` is no model, is truncated, or would run code and is not trusted."""
    if path.is_dir():
        _require_folder(calculator, path)
        return
    if calculator == "matgl":
        raise ValueError(f"model: {path} is a file, and matgl keeps a model in a folder of {', '.join(FOLDER)}")
    with path.open("rb") as file:
        start = file.read(2)
    if start != b"PK" and start not in PICKLES:
        raise ValueError(f"model: {path} holds no weights: it is neither a torch archive nor a pickle")
    if start == b"PK" and not zipfile.is_zipfile(path):
        raise ValueError(f"model: {path} is truncated: its archive has no end")
    more = "" if trusted else foreign(path)
    if more:
        raise ValueError(
            f"model: {path} holds more than weights ({more}), and {calculator} would run what its author put there; "
            "if you know where it comes from: trust_model: true"
        )


def foreign(path: Path) -> str:
    """What in the file is more than tensors, arrays and containers; empty when there is no such thing."""
    if not zipfile.is_zipfile(path):
        return "a pickle of the format before torch 1.6"
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if any("/code/" in name for name in names):
            return "a TorchScript program"
        inside = [archive.read(name) for name in names if name.endswith(".pkl")]
    found = sorted({named for content in inside for named in _named(content)} - HARMLESS)
    listed = ", ".join(name.replace(" ", ".") for name in found[:3])
    return listed + (f" and {len(found) - 3} more" if len(found) > 3 else "")


def _named(content: bytes) -> set[str]:
    """`module attribute` of each function or class that a pickle names, and the operations that hide one."""
    found = set()
    try:
        for operation, argument, _ in pickletools.genops(content):
            if operation.name == "GLOBAL":
                found.add(str(argument))
            elif operation.name in INDIRECT:
                found.add(f"pickle {operation.name}")
    except ValueError as problem:
        found.add(f"an unreadable pickle: {problem}")
    return found


def _require_folder(calculator: str, path: Path) -> None:
    """ValueError when a folder is no model of matgl's."""
    if calculator != "matgl":
        raise ValueError(f"model: {path} is a folder; {calculator} takes a file")
    lacking = [name for name in FOLDER if not (path / name).is_file()]
    if lacking:
        raise ValueError(f"model: {path} is no model of matgl's: it lacks {', '.join(lacking)}")
    try:
        module = str(json.loads((path / "model.json").read_text(encoding="utf-8"))["@module"])
    except (ValueError, KeyError, TypeError) as problem:
        raise ValueError(f"model: {path / 'model.json'} cannot be read ({type(problem).__name__})") from problem
    if not module.startswith("matgl."):
        raise ValueError(f"model: {path / 'model.json'} names a class of {module}, which is not matgl's")


def digest(path: Path) -> str:
    """SHA-256 of a file, or of a folder's model."""
    files = [path / name for name in FOLDER] if path.is_dir() else [path]
    sums = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
    return sums[0] if len(sums) == 1 else hashlib.sha256("".join(sums).encode()).hexdigest()
