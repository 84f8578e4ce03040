"""Small changes to a module that a test should notice: comparisons, signs, logic and constants.

Every change is one edit of the module's syntax tree. Annotations, docstrings and the
words of refusals are left alone; the latter are held letter by letter by tests of their own.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
_CALLS = {"min": "max", "max": "min", "any": "all", "all": "any", "ceil": "floor", "floor": "ceil"}
_UNTOUCHED = ("annotation", "returns", "decorator_list")


Place = tuple[Any, str, int | None]


@dataclass(frozen=True)
class Mutant:
    """One edit of a module, named by what it changes so that the name outlives moved lines."""

    module: str
    owner: str
    lines: range
    before: str
    after: str
    place: Place
    replacement: ast.AST

    @property
    def name(self) -> str:
        return f"{self.module}.{self.owner or '(module)'}: {self.before} -> {self.after}"

    def apply(self) -> None:
        """Edit the tree that the mutant was found in. There is no way back."""
        holder, field, index = self.place
        if index is None:
            setattr(holder, field, self.replacement)
        else:
            getattr(holder, field)[index] = self.replacement


def mutants(module: str, tree: ast.Module) -> list[Mutant]:
    """Every mutant of a module, in reading order; equal names are told apart by a number."""
    found, seen = [], dict[str, int]()
    for place, node, owner, lines in _places(tree, "", range(0)):
        for replacement in _replacements(node):
            after = ast.unparse(ast.copy_location(replacement, node))
            mutant = Mutant(module, owner, lines, _head(ast.unparse(node)), _head(after), place, replacement)
            seen[mutant.name] = seen.get(mutant.name, 0) + 1
            if seen[mutant.name] > 1:
                numbered = f"{mutant.before} (#{seen[mutant.name]})"
                mutant = Mutant(module, owner, lines, numbered, mutant.after, place, replacement)
            found.append(mutant)
    return found


def _places(node: ast.AST, owner: str, lines: range) -> Iterator[tuple[Place, ast.AST, str, range]]:
    """Every node that may change, where it hangs, the function it belongs to and the lines of its statement."""
    for field, value in ast.iter_fields(node):
        if field in _UNTOUCHED or isinstance(node, ast.JoinedStr) or _is_strict(node):
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.AST):
                inner = _owner(child, owner)
                span = _span(child) if isinstance(child, ast.stmt) else lines
                span = range(0) if isinstance(child, ast.arguments) else span
                yield (node, field, index), child, inner, span
                yield from _places(child, inner, span)


def _is_strict(node: ast.AST) -> bool:
    """`zip(..., strict=True)` guards the code itself; with it or without, callers see the same."""
    return isinstance(node, ast.keyword) and node.arg == "strict"


def _owner(node: ast.AST, owner: str) -> str:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return f"{owner}.{node.name}" if owner else node.name
    return owner


def _span(statement: ast.stmt) -> range:
    """The lines of a statement, without the statements inside it; of a function the whole body."""
    body = getattr(statement, "body", None)
    last = statement.end_lineno or statement.lineno
    if body and not isinstance(statement, ast.FunctionDef):
        last = max(statement.lineno, body[0].lineno - 1)
    return range(statement.lineno, last + 1)


def _replacements(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Compare):
        yield from _comparisons(node)
    elif isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        yield ast.BinOp(node.left, _OPERATORS[type(node.op)](), node.right)
    elif isinstance(node, ast.AugAssign) and type(node.op) in _OPERATORS:
        yield ast.AugAssign(node.target, _OPERATORS[type(node.op)](), node.value)
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.And() if isinstance(node.op, ast.Or) else ast.Or(), node.values)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not):
        yield node.operand
    elif isinstance(node, ast.Constant):
        yield from _constants(node.value)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _CALLS:
        yield ast.Call(ast.Name(_CALLS[node.func.id], ast.Load()), node.args, node.keywords)
    elif isinstance(node, ast.If | ast.While) and isinstance(node.test, ast.Name | ast.Attribute | ast.Call):
        yield type(node)(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)
    elif isinstance(node, ast.IfExp) and isinstance(node.test, ast.Name | ast.Attribute | ast.Call | ast.BinOp):
        yield ast.IfExp(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)


def _comparisons(node: ast.Compare) -> Iterator[ast.Compare]:
    for index, operator in enumerate(node.ops):
        for other in _COMPARISONS[type(operator)]:
            yield ast.Compare(node.left, [*node.ops[:index], other(), *node.ops[index + 1 :]], node.comparators)


def _constants(value: object) -> Iterator[ast.Constant]:
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int | float):
        yield ast.Constant(value + 1)
        yield ast.Constant(value - 1)


def _head(text: str) -> str:
    """The first line; of a compound statement the rest says nothing more."""
    return text.partition("\n")[0]
