"""The sentences of the pages, gathered for translators; ``python -m server.web.catalogue`` brings them up to date.

The rule: a sentence is whatever is written in Chinese where a page can show it: in a template, in a door of the pages
or in what a refusal says. What is not used any more is dropped from the catalogues; what is new stands there empty
until somebody translates it.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

from server.web.languages import LANGUAGES, LOCALES, SOURCE

ROOT = Path(__file__).parents[2]
PAGES = ("admin", "server/web")
# What is written there goes into the description of the interface and onto no page.
APART = frozenset({"openapi.py", "samples.py"})
ROOMS = ("server/core", "cdp", "content", "gamification", "quizzes")
# Names, and the letters of the week, which are the same in all languages or not used in them.
NO_SENTENCES = frozenset({"Xinglin 杏林", "一二三四五六日", "简体中文"})
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


def sentences() -> dict[str, list[tuple[str, int]]]:
    """List all sentences, each with the places where it is written."""
    found: dict[str, list[tuple[str, int]]] = {}
    for path in sorted(ROOT.glob("*/templates/**/*.html")):
        with path.open("rb") as template:
            for line, _function, sentence, _comments in babel_extract(template, ["_"], [], {"trimmed": "true"}):
                # With values to fill in, the extractor gives the sentence and its plural.
                first = sentence[0] if isinstance(sentence, tuple) else sentence
                if first:
                    found.setdefault(first, []).append((_named(path), line))
    for folder in PAGES:
        for path in sorted(path for path in (ROOT / folder).rglob("*.py") if path.name not in APART):
            for line, sentence in _written(ast.parse(path.read_text("utf-8"))):
                found.setdefault(sentence, []).append((_named(path), line))
    for folder in ROOMS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for line, sentence in _refused(ast.parse(path.read_text("utf-8"))):
                found.setdefault(sentence, []).append((_named(path), line))
    return {sentence: places for sentence, places in sorted(found.items()) if sentence not in NO_SENTENCES}


def missing(language: str) -> list[str]:
    """List the sentences that a catalogue lacks or has not translated."""
    catalogue = _read(language)
    return [sentence for sentence in sentences() if not _translation(catalogue, sentence)]


def update(language: str) -> int:
    """Bring a catalogue up to date and count what is left to translate."""
    old, new = _read(language), Catalog(locale=language, project="Xinglin", fuzzy=False, header_comment="")
    for sentence, places in sentences().items():
        new.add(sentence, _translation(old, sentence), locations=[(name, 0) for name in sorted({n for n, _ in places})])
    with (LOCALES / f"{language}.po").open("wb") as written:
        write_po(written, new, width=120, sort_output=True, omit_header=True, include_lineno=False)
    return len(missing(language))


def _read(language: str) -> Catalog:
    with (LOCALES / f"{language}.po").open("rb") as written:
        return read_po(written, locale=language)


def _translation(catalogue: Catalog, sentence: str) -> str:
    message = catalogue.get(sentence)
    return str(message.string) if message is not None and message.string else ""


def _written(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """List the Chinese strings of a module that are neither its documentation nor parts of longer ones."""
    parts = {part for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    documentation = {
        node.body[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if node not in parts and node not in documentation and (sentence := _chinese(node)):
            yield getattr(node, "lineno", 0), sentence


def _refused(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """List what refusals say: their titles, the details that they are raised with, and what is noted with a reason."""
    for node in ast.walk(tree):
        said: ast.AST | None = None
        if isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id == "title" for to in node.targets):
            said = node.value
        elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
            said = node.exc.args[0]
        elif isinstance(node, ast.Call) and node.args and any(value.arg == "reason" for value in node.keywords):
            said = node.args[0]
        if said is not None and (sentence := _chinese(said)):
            yield getattr(node, "lineno", 0), sentence


def _chinese(node: ast.AST) -> str:
    value = node.value if isinstance(node, ast.Constant) else None
    return value if isinstance(value, str) and _CHINESE.search(value) else ""


def _named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


if __name__ == "__main__":
    for code in LANGUAGES:
        if code != SOURCE:
            sys.stdout.write(f"{code}: {update(code)} left to translate\n")
