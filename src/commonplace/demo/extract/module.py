"""Reads a module's source, as a syntax tree: docstrings, defaults, limits, deprecations.

The module is parsed, never imported.
"""

import ast
import re
import warnings
from collections.abc import Iterator

from commonplace.demo.document import Document
from commonplace.demo.extract.claims import Sentence, claims
from commonplace.demo.finding import Finding, Topic, quoted, subject_name
from commonplace.demo.reading import Answer, Mention, Reading, first_mentions, take
from commonplace.demo.rst import plain, sentences

_Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
_LIMIT_NAME = re.compile(r"^_?(?:MAX|MIN|DEFAULT|[A-Z_]*(?:LIMIT|MAX|TIMEOUT|SIZE))[A-Z_0-9]*$")
_PEP = re.compile(r"\bPEP[ -](\d{1,4})\b")
_REMOVE = re.compile(r"remove=\((\d+),\s*(\d+)\)")
_MOST: dict[Topic, int] = {
    "about": 1,
    "deprecated": 4,
    "added": 2,
    "changed": 2,
    "default": 3,
    "limit": 3,
}


def read_module(document: Document) -> Reading:
    """Findings from a module's docstrings, signatures, constants and deprecation calls."""
    tree = _parse(document)
    if tree is None:
        return Reading((), (), ())
    about = _about(document, tree)
    found: list[Finding] = [] if about is None else [about]
    found.extend(_deprecation_calls(document, tree))
    found.extend(_constants(document, tree))
    found.extend(claims(_docstring_sentences(document, tree), document.name))
    found.extend(_signature_defaults(document, tree))
    answers = (
        () if about is None else (Answer(f"mod:{document.subject}", about.quote, about.where),)
    )
    mentions = (
        *first_mentions(list(_pep_mentions(document)), 4),
        *first_mentions(list(_imports(document, tree)), 3),
    )
    return Reading(take(found, _MOST), mentions, answers)


def _parse(document: Document) -> ast.Module | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(document.text())
        except (SyntaxError, ValueError):
            return None


def _about(document: Document, tree: ast.Module) -> Finding | None:
    doc = ast.get_docstring(tree)
    if not doc or not tree.body:
        return None
    first = next((text for text in sentences(doc.split("\n\n", 1)[0]) if len(text) > 8), "")
    if not first:
        return None
    return Finding(
        "about", "", document.subject, "", quoted(plain(first)), document.name, tree.body[0].lineno
    )


def _documented(tree: ast.Module) -> Iterator[tuple[str, _Documented]]:
    """The module and its public classes and functions, with their dotted names."""
    yield "", tree
    waiting: list[tuple[str, ast.stmt]] = [("", node) for node in tree.body]
    for prefix, node in waiting:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if node.name.startswith("_"):
            continue
        name = f"{prefix}{node.name}"
        yield name, node
        if isinstance(node, ast.ClassDef):
            waiting.extend((f"{name}.", child) for child in node.body)


def _docstring_sentences(document: Document, tree: ast.Module) -> Iterator[Sentence]:
    for name, node in _documented(tree):
        doc = ast.get_docstring(node)
        if not doc:
            continue
        start = node.body[0].lineno
        raw = document.lines[start - 1 : node.body[0].end_lineno]
        subject = f"{document.subject}.{name}" if name else document.subject
        for paragraph in doc.split("\n\n"):
            for text in sentences(plain(paragraph)):
                yield Sentence(text, subject, start + _offset(raw, text))


def _offset(raw: tuple[str, ...], sentence: str) -> int:
    """How many lines below the docstring's first line a sentence begins: its first words tell."""
    words = sentence.split()
    for length in (4, 2):
        head = " ".join(words[:length])
        for index, line in enumerate(raw):
            if head in " ".join(plain(line).split()):
                return index
    return 0


def _signature_defaults(document: Document, tree: ast.Module) -> Iterator[Finding]:
    for name, node in _documented(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        signature = document.lines[node.lineno - 1].strip()
        for argument, default in _defaults(node.args):
            if not isinstance(default, ast.Constant) or isinstance(default.value, bool):
                continue
            if not isinstance(default.value, int | float) or default.value in (0, 1, -1):
                continue
            if argument in signature and str(default.value) in signature:
                yield Finding(
                    topic="default",
                    version="",
                    subject=subject_name(f"{document.subject}.{name}"),
                    note=f"{argument} is {default.value}",
                    quote=quoted(signature),
                    source=document.name,
                    line=node.lineno,
                )
                break


def _defaults(arguments: ast.arguments) -> Iterator[tuple[str, ast.expr]]:
    positional = [*arguments.posonlyargs, *arguments.args]
    with_default = positional[len(positional) - len(arguments.defaults) :]
    for argument, value in zip(with_default, arguments.defaults, strict=True):
        yield argument.arg, value
    for argument, keyword in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if keyword is not None:
            yield argument.arg, keyword


def _constants(document: Document, tree: ast.Module) -> Iterator[Finding]:
    for node in tree.body:
        if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
            continue
        name = node.targets[0].id
        if not _LIMIT_NAME.match(name) or not isinstance(node.value, ast.Constant):
            continue
        if not isinstance(node.value.value, int | float) or isinstance(node.value.value, bool):
            continue
        statement = document.lines[node.lineno - 1].split("#", 1)[0].strip()
        yield Finding(
            "limit", "", document.subject, "", quoted(statement), document.name, node.lineno
        )


def _deprecation_calls(document: Document, tree: ast.Module) -> Iterator[Finding]:
    """Calls of `warnings._deprecated(..., remove=(3, 13))`: the standard library's own notes."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not ast.unparse(node.func).endswith("_deprecated"):
            continue
        call = ast.unparse(node)
        match = _REMOVE.search(call)
        if match is None:
            continue
        first = node.args[0] if node.args else None
        named = (
            first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""
        )
        yield Finding(
            topic="deprecated",
            version="",
            subject=subject_name(named or document.subject),
            note=f"removed in {match[1]}.{match[2]}",
            quote=quoted(call),
            source=document.name,
            line=node.lineno,
        )


def _pep_mentions(document: Document) -> Iterator[Mention]:
    for number, line in enumerate(document.lines, start=1):
        for match in _PEP.finditer(line):
            yield Mention(f"pep:{int(match[1])}", f"{document.name}:{number}")


def _imports(document: Document, tree: ast.Module) -> Iterator[Mention]:
    """The modules it is built on, of which a reader would like to know what they are."""
    for node in tree.body:
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        else:
            continue
        for name in names:
            if name != document.subject and not name.startswith("_"):
                yield Mention(f"mod:{name}", f"{document.name}:{node.lineno}")
