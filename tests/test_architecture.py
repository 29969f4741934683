"""The house rules that a machine can hold: directions of imports, sizes, signatures, identity of our packages."""

import ast
import importlib
import subprocess
import sys
from dataclasses import is_dataclass
from functools import cache, lru_cache
from pathlib import Path

import pytest

from eutectic.campaigns.file import plugins

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("surrogates", "optimizers", "generators", "oracles", "campaigns")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
NAMES = [str(path.relative_to(ROOT)) for path in FILES]

MAY_IMPORT = {
    "surrogates": (),
    "oracles": (),
    "optimizers": ("surrogates",),
    "generators": (
        "optimizers.base",
        "oracles.abilities",
        "oracles.base",
        "oracles.elements",
        "oracles.structures",
        "oracles.tables",
        "oracles.user.module",
        "oracles.user_cache",
        "oracles.whole_files",
        "surrogates.base",
    ),
    "campaigns": ("surrogates", "optimizers", "generators", "oracles"),
}
"""Package -> what of ours it may import beside itself."""

FLOORS = {
    "surrogates": (
        ("base",),
        ("abilities", "frames"),
        ("calibration", "crossvalidation", "options", "scaling", "showing", "validation"),
        ("posteriors",),
        ("gp", "neural", "polynomial", "sisso", "trees"),
        ("cokriging",),
        ("composite",),
        ("explain",),
    ),
    "optimizers": (
        ("base",),
        ("abilities", "part"),
        ("pareto", "spaces"),
        ("designs", "sharing"),
        ("models",),
        ("acquisition",),
        ("search",),
        ("evolutionary",),
        ("bayesian", "policies", "swarms"),
        ("portfolio",),
    ),
    "generators": (
        ("amounts", "base", "hints", "terms"),
        ("linear_constraints",),
        ("abilities",),
        ("constraints", "representations", "structures", "variable"),
        ("learning",),
        ("baselines", "crystals", "latent", "programs"),
        ("metrics", "wyckoff"),
        ("diffusion",),
        ("element_range", "pool_rows", "product_space", "site_formula"),
        ("prototype",),
        ("composition", "parameters", "pool", "product", "sequence"),
    ),
    "oracles": (
        ("base", "process", "suggestions", "user_cache", "whole_files"),
        ("abilities",),
        ("elements", "physics", "structures"),
        ("potentials", "tables", "user"),
        ("rules", "stability", "synthesizability"),
        ("dft", "lammps", "mlip"),
    ),
    "campaigns": (
        ("errors",),
        ("client", "file"),
        ("execution",),
        ("problem",),
        ("record",),
        ("analysis",),
        ("loop", "figures", "exports"),
        ("beginning", "explain", "hand"),
        ("report",),
        ("tracking",),
        ("conclusion",),
        ("campaign",),
        ("sharing",),
        ("telling",),
        ("service",),
        ("commands",),
        ("cli",),
    ),
}
"""Package -> its floors, lowest first: folders, and files at the top of the package.

A file imports from its own folder and from the floors below, never from a neighbour on its floor or from above. So
what is on a floor can be read, tested and used without anything above it.
"""

HEAVY = {
    "torch", "botorch", "gpytorch", "linear_operator", "pymatgen", "matminer", "ase", "lammps", "pandas", "mlflow",
    "sklearn", "shap", "deap", "pyswarms", "matplotlib", "plotly", "distributed", "dask",
}  # fmt: skip
"""Libraries that a part's own module imports only inside its functions."""

SWALLOWS = {"surrogates/options.py": ["checked"]}
"""File -> functions that take any keyword: the one that says which option was meant."""

ASKED = {
    "campaigns/execution/parsl.py": {"bad_state_is_set", "config", "interchange_proc"},
    "campaigns/file/from_python.py": {"columns", "item", "shape"},
    "campaigns/service/app.py": {"path"},
    "generators/learning/datasets.py": {"properties"},
    "optimizers/base.py": {"columns"},
    "oracles/mlip/batching.py": {"kept", "path"},
    "oracles/structures/disorder.py": {"oxi_state"},
    "oracles/structures/identity.py": {"moment", "oxi_state", "spin"},
    "oracles/user/answer.py": {"item", "shape", "tolist"},
    "oracles/user/call.py": {"__code__", "__module__", "__qualname__"},
    "oracles/user/module.py": {"__file__"},
    "surrogates/composite/stacked_published.py": {"coefs_"},
    "surrogates/frames.py": {"columns", "equals", "index", "name"},
    "surrogates/posteriors/joint_moments.py": {"distribution", "values"},
}
"""File -> attributes that objects of other people (tables, arrays, crystals, posteriors, modules) are asked whether
they have. Parts of ours are asked by the Protocols of `abilities.py`."""

ABILITIES = (
    "surrogates.abilities",
    "optimizers.abilities",
    "generators.abilities",
    "generators.structures.generated",
    "generators.learning.steering",
    "oracles.abilities",
    "campaigns.file.abilities",
    "campaigns.execution.abilities",
)
"""Modules with what parts may be able to do beside their contracts."""

BUILTIN = [(kind, name, target) for kind, table in plugins.KINDS.items() for name, target in table.items()]


@lru_cache(maxsize=16)
def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imported_by(path):
    """All that a file of ours imports, at any depth."""
    return tuple(imported(tree(path)))


@cache
def imported_at_once(path):
    """What a file of ours imports when it is imported."""
    return tuple(name for statement in top_level(tree(path).body) for name in imported(statement))


@cache
def classes_in(path):
    """Classes of a file -> the expressions of their bases."""
    return {
        node.name: tuple(ast.unparse(base) for base in node.bases)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef)
    }


def imported(node):
    """Dotted names of the modules (and of what is taken from them) that a syntax tree imports, at any depth."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Import):
            yield from (alias.name.removeprefix("eutectic.") for alias in inner.names)
        elif isinstance(inner, ast.ImportFrom):
            assert inner.level == 0, "imports are absolute"
            assert inner.module is not None
            yield from (f"{inner.module.removeprefix('eutectic.')}.{alias.name}" for alias in inner.names)


def at_import(path):
    """Outside modules that importing this file imports: its own, and those of our modules that it imports."""
    seen, todo, outside = {path}, [path], set()
    while todo:
        for name in imported_at_once(todo.pop()):
            ours = module_file(name)
            if ours is None:
                outside.add(name)
            elif ours not in seen:
                seen.add(ours)
                todo.append(ours)
    return outside


def top_level(statements):
    """Import statements that run when a module is imported."""
    for statement in statements:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            yield statement
        elif isinstance(statement, ast.If) and "TYPE_CHECKING" not in ast.unparse(statement.test):
            yield from top_level([*statement.body, *statement.orelse])
        elif isinstance(statement, ast.Try):
            yield from top_level(statement.body)


@cache
def module_file(name):
    """The file of ours that a dotted name stands for, or None."""
    if name.split(".")[0] not in PACKAGES:
        return None
    for parts in (name.split("."), name.split(".")[:-1]):
        path = ROOT.joinpath(*parts)
        if path.with_suffix(".py").exists():
            return path.with_suffix(".py")
        if (path / "__init__.py").exists():
            return path / "__init__.py"
    raise AssertionError(f"{name} is imported and does not exist")


def functions(path):
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(function):
    """Lines of a function without its docstring and decorators."""
    body = function.body
    first = body[0]
    documented = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    docstring = first.end_lineno - first.lineno + 1 if documented else 0
    return function.end_lineno - function.lineno + 1 - docstring


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_imports_go_one_way(path):
    package = path.relative_to(ROOT).parts[0]
    allowed = (package, *MAY_IMPORT[package])
    wrong = [
        name
        for name in imported_by(path)
        if name.split(".")[0] in PACKAGES and not any(f"{name}.".startswith(f"{a}.") for a in allowed)
    ]
    assert wrong == []


def graph_of(paths, room):
    """Room -> rooms it imports from, at any depth and for type checking too; `room` names the room of a file."""
    found = {room(path): set() for path in paths}
    for path in paths:
        targets = {module_file(name) for name in imported_by(path)} - {None}
        found[room(path)] |= {room(target) for target in targets} - {room(path)}
    return found


def circles(graph):
    """Groups of nodes that reach each other, each sorted."""
    reached = {}
    for node in graph:
        seen, todo = set(), [node]
        while todo:
            new = graph.get(todo.pop(), set()) - seen
            seen |= new
            todo += new
        reached[node] = seen
    groups = {frozenset(other for other in seen if node in reached[other]) for node, seen in reached.items()}
    return sorted(sorted(group) for group in groups if group)


def module_of(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def room_of(path):
    """`campaigns.loop` for a file in that folder; a file at the top of its package is a room of its own."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts[:2])


def test_no_module_imports_itself_by_way_of_others():
    assert circles(graph_of(FILES, module_of)) == []


def test_no_folder_imports_itself_by_way_of_others():
    assert circles(graph_of(FILES, room_of)) == []


@pytest.mark.parametrize("package", FLOORS)
def test_folders_import_what_stands_below_them(package):
    floor = {f"{package}.{room}": level for level, rooms in enumerate(FLOORS[package]) for room in rooms}
    graph = {
        room: {other for other in rooms if other.startswith(f"{package}.") and not other.endswith("__init__")}
        for room, rooms in graph_of(FILES, room_of).items()
        if room.startswith(f"{package}.") and not room.endswith("__init__")
    }
    assert set(graph) == set(floor), "FLOORS lists every folder, and every file at the top of the package"
    assert [f"{room} -> {o}" for room, others in graph.items() for o in others if floor[o] >= floor[room]] == []


def test_our_own_imports_stand_at_the_top_of_files_but_for_a_few_seams():
    inner = {
        f"{name}:{statement.lineno} {ast.unparse(statement)}"
        for name, path in zip(NAMES, FILES, strict=True)
        for function in functions(path)
        for statement in ast.walk(function)
        if isinstance(statement, ast.Import | ast.ImportFrom) and any(map(module_file, imported(statement)))
    }
    assert len(inner) <= 25, "\n".join(sorted(inner))


def test_only_tracking_imports_mlflow():
    importers = [
        name
        for name, path in zip(NAMES, FILES, strict=True)
        if any(i.split(".")[0] == "mlflow" for i in imported_by(path))
    ]
    assert set(importers) <= {"campaigns/tracking/mlflow_store.py"}


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_files_and_functions_stay_small(path):
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= 400
    long = {function.name: length(function) for function in functions(path) if length(function) > 50}
    assert long == {}


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_no_signature_swallows_keywords(path):
    swallowing = [function.name for function in functions(path) if function.args.kwarg is not None]
    assert swallowing == SWALLOWS.get(path.relative_to(ROOT).as_posix(), [])


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_every_module_says_what_it_is(path):
    text = ast.get_docstring(tree(path)) or ""
    assert text.startswith(("This file is", "This package is"))


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_numbers_that_stand_for_a_module_say_what_they_are_and_whence(path):
    body = tree(path).body
    bare = [
        ast.unparse(statement)[:60]
        for statement, following in zip(body, [*body[1:], None], strict=True)
        if tuned(statement) and not is_text(following)
    ]
    assert bare == []


def tuned(statement):
    """Does it give a name in capitals a number, or several?"""
    if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is None:
        return False
    target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
    named = isinstance(target, ast.Name) and target.id.isupper()
    inside = list(ast.walk(statement.value))
    numbers = [n for n in inside if isinstance(n, ast.Constant) and type(n.value) in (int, float)]
    return named and bool(numbers) and not any(isinstance(n, ast.Lambda | ast.Slice) for n in inside)


def is_text(statement):
    """Is it a docstring?"""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_nobody_seeds_global_randomness_or_hides_failures(path):
    code = tree(path)
    bare = [
        handler.lineno for handler in ast.walk(code) if isinstance(handler, ast.ExceptHandler) and handler.type is None
    ]
    calls = [ast.unparse(node.func) for node in ast.walk(code) if isinstance(node, ast.Call)]
    seeds = {"np.random.seed", "numpy.random.seed", "random.seed", "torch.manual_seed", "torch.random.manual_seed"}
    assert bare == []
    assert seeds.isdisjoint(calls)


def test_there_is_no_drawer_for_odds_and_ends():
    names = {part for name in NAMES for part in Path(name).with_suffix("").parts}
    assert names.isdisjoint({"core", "common", "utils", "helpers", "misc"})
    classes = [node.name for path in FILES for node in ast.walk(tree(path)) if isinstance(node, ast.ClassDef)]
    assert [name for name in classes if name.endswith(("Manager", "Handler", "Helper", "Utils"))] == []


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_parts_are_asked_for_abilities_by_protocols_alone(path):
    asked = {
        node.args[1].value
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("hasattr", "getattr")
        and isinstance(node.args[1], ast.Constant)
    }
    assert asked == ASKED.get(path.relative_to(ROOT).as_posix(), set())
    if path.relative_to(ROOT).parts[0] != "campaigns":
        assert "__getattr__" not in [f.name for f in functions(path)], "isinstance does not see what it answers"


def abilities(module):
    """Runtime-checkable Protocols of a module, with their members."""
    for value in vars(importlib.import_module(f"eutectic.{module}")).values():
        own = isinstance(value, type) and value.__module__ == f"eutectic.{module}"
        if own and getattr(value, "_is_runtime_protocol", False):
            yield value, {name for name in vars(value) if not name.startswith("_")}


@pytest.mark.parametrize("module", ABILITIES)
def test_every_ability_says_what_it_is_and_stands_in_the_page_for_writers_of_parts(module):
    page = (ROOT / "docs" / "parts.md").read_text(encoding="utf-8")
    found = dict(abilities(module))
    code = tree(ROOT.joinpath(*module.split(".")).with_suffix(".py"))
    protocols = [
        node
        for node in ast.walk(code)
        if isinstance(node, ast.ClassDef) and any("Protocol" in ast.unparse(base) for base in node.bases)
    ]
    contracts = {"StructureGenerator"}
    assert {node.name for node in protocols} - contracts == {ability.__name__ for ability in found}
    for node in protocols:
        assert all(
            ast.get_docstring(part) for part in [node, *(n for n in node.body if isinstance(n, ast.FunctionDef))]
        )
    for ability, members in found.items():
        assert members, ability
        assert [name for name in members if f"`{name}`" not in page and f"`{name}(" not in page] == [], ability


def our_classes(path):
    """Name -> bases of every class of ours that this file defines or imports."""
    found = dict(classes_in(path))
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom) and str(node.module).removeprefix("eutectic.").split(".")[0] in PACKAGES:
            source = classes_in(module_file(node.module.removeprefix("eutectic.")))
            found.update(
                {alias.asname or alias.name: source[alias.name] for alias in node.names if alias.name in source}
            )
    return found


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_concrete_classes_do_not_inherit_from_each_other(path):
    ours = our_classes(path)
    contracts = {name for name, bases in ours.items() if any("Protocol" in base for base in bases)}
    mine = {name: {base.split("[")[0] for base in bases} for name, bases in classes_in(path).items()}
    assert {name: found for name, bases in mine.items() if (found := (bases & set(ours)) - contracts)} == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_our_packages_come_from_this_checkout(package):
    module = importlib.import_module(f"eutectic.{package}")
    assert Path(module.__file__).resolve() == ROOT / package / "__init__.py"


@pytest.mark.parametrize(("kind", "name", "target"), BUILTIN, ids=[f"{kind}-{name}" for kind, name, _ in BUILTIN])
def test_a_built_in_parts_module_imports_nothing_heavy(kind, name, target):
    module, _, _ = target.partition(":")
    module = module.removeprefix("eutectic.")
    homes = {"representations": "generators", "engines": "generators", "executors": "campaigns"}
    assert module.split(".")[0] == homes.get(kind, kind)
    path = ROOT.joinpath(*module.split(".")).with_suffix(".py")
    assert HEAVY.isdisjoint(name.split(".")[0] for name in at_import(path))


@pytest.mark.parametrize(("kind", "name", "target"), BUILTIN, ids=[f"{kind}-{name}" for kind, name, _ in BUILTIN])
def test_a_built_in_part_is_a_dataclass_with_a_docstring_under_each_option(kind, name, target):
    part = plugins.load(kind, name)
    assert f"{part.__module__}:{part.__qualname__}" == target
    assert is_dataclass(part)
    assert part.__dataclass_params__.frozen
    helps = {option.name: option.help for option in plugins.manual(kind, name)}
    assert set(helps) == {field.name for field in plugins.offered(part)}
    assert [option for option, text in helps.items() if not text] == []


def modules_after(statement):
    """Top-level names in sys.modules after running a statement in a fresh interpreter."""
    code = f"{statement}\nimport sys\nprint(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "statement",
    [
        "import eutectic.campaigns.cli",
        "from eutectic.campaigns.file import plugins as p; [p.load(k, n) for k in p.KINDS for n in p.names(k)]",
        "from eutectic.campaigns.file import schema; schema.schema()",
        "from eutectic import CampaignSpec; CampaignSpec.from_file('examples/multi_principal_alloy.yaml')",
    ],
)
def test_what_reads_and_lists_does_not_wait_for_heavy_libraries(statement):
    assert modules_after(statement).isdisjoint(HEAVY)
