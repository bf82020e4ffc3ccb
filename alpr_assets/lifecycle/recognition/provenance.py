"""What of the code decides a read, as a digest: nobody has to remember to raise a version number.

Comments, docstrings and layout do not count. A new Python release may write the same code differently and so begin
a new recogniser version; that is safe, only superfluous.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
from pathlib import Path


def digest(*modules: str) -> str:
    """First 16 hex digits of a SHA-256 over this package's `modules`, in the order given."""
    texts = [_normalised((Path(__file__).parent / f"{name}.py").read_text("utf-8")) for name in modules]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


def library_versions(*names: str) -> dict[str, str]:
    """Installed versions by distribution name: a decoder or an operator may change a read as well."""
    return {name: importlib.metadata.version(name) for name in names}


def _normalised(source: str) -> str:
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            kept = [statement for statement in node.body if not _is_text(statement)]
            node.body = kept or [ast.Pass()]
    return ast.unparse(tree)


def _is_text(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
