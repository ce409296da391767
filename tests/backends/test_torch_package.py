"""What holds of the torch backend also where PyTorch is not installed: its size, and what is said then."""

from __future__ import annotations

import ast
import io
import tokenize
from pathlib import Path

from polyflow.extension.manager import extensions
from tests.processes import printed

PACKAGE = Path(__file__).resolve().parents[2] / "backends" / "polyflow_torch"
NO_CODE = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


def code_lines(text):
    """The lines of a module with code on them: no blank lines, comments, docstrings."""
    lines = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in NO_CODE:
            lines |= set(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            lines -= set(range(node.lineno, node.end_lineno + 1))
    return len(lines)


def test_lines_of_code_are_counted_without_docstrings_and_comments():
    assert code_lines('"""One.\n\nTwo."""\n\nx = [\n    1,  # a word\n]\n# another\n"""Of x."""\n') == 3


def test_what_is_special_to_pytorch_takes_less_than_300_lines_of_code():
    counts = {each.name: code_lines(each.read_text(encoding="utf-8")) for each in PACKAGE.glob("*.py")}
    assert 0 < sum(counts.values()) < 300, counts


def test_the_backend_is_announced_with_what_installs_it():
    entry, distribution = extensions().backend_entries["torch"]
    assert (entry.install, distribution) == ('pip install "polyflow[torch]"', "polyflow")


def test_a_session_without_pytorch_is_told_what_to_install():
    code = (
        "import sys; sys.modules['torch'] = None; import polyflow as pf\n"
        "try: pf.Session('torch')\n"
        "except pf.errors.BackendError as error: print(error)"
    )
    found = printed(code)
    assert "backend 'torch' of polyflow cannot be loaded" in found
    assert 'pip install "polyflow[torch]"' in found
