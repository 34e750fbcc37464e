"""Digests of the code that a number depends on, so that nobody has to remember a version.

A value computed by other code has another key, whatever was changed, and is never taken for what
today's code would give. Comments, docstrings and layout do not count.
"""

import ast
import sys
from functools import cache
from hashlib import blake2b
from importlib.machinery import ModuleSpec
from pathlib import Path


def code_versions(*modules: str) -> dict[str, str]:
    """The digest of each module by its name, in alphabetical order."""
    return {module: source_digest(module) for module in sorted(set(modules))}


@cache
def source_digest(module: str) -> str:
    """16 hex digits of the code of a module, e.g. "epsilon_research.collapse".

    A package counts with all its files, a single file with those that are named after it:
    `spaces.nb101` with `nb101_graph.py` beside it.

    Raises:
        ModuleNotFoundError: There is no such module, or its source is not here.
    """
    digest = blake2b(digest_size=8)
    for path in _sources(module):
        digest.update(f"{path.name}\n{_code(path)}\n".encode())
    return digest.hexdigest()


def _sources(module: str) -> list[Path]:
    spec = _spec(module)
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        raise ModuleNotFoundError(
            f"the source of {module} must be readable, since stored values depend on it, got none: "
            "put the class into a module of its own, or pass store=none"
        )
    origin = Path(spec.origin)
    if spec.submodule_search_locations:
        return sorted(origin.parent.rglob("*.py"))
    return sorted([origin, *origin.parent.glob(f"{origin.stem}_*.py")])


def _spec(module: str) -> ModuleSpec | None:
    """Where a module is, found without importing its packages, whose code would run."""
    spec, path = None, None
    names = module.split(".")
    for count, name in enumerate(names, start=1):
        if not name.isidentifier() or (count > 1 and path is None):
            return None
        full = ".".join(names[:count])
        found = (finder.find_spec(full, path) for finder in sys.meta_path)
        spec = next((one for one in found if one is not None), None)
        if spec is None:
            return None
        path = spec.submodule_search_locations
    return spec


def _code(path: Path) -> str:
    tree = ast.parse(path.read_bytes())
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and _opens_with_text(node):
            del node.body[0]
    return ast.dump(tree)


def _opens_with_text(node: ast.Module | ast.ClassDef | ast.FunctionDef) -> bool:
    first = node.body[0] if node.body else None
    return (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )
