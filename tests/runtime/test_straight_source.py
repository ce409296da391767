"""The source of a program: it can be read as long as the program is there, and goes when it harms nobody."""

from __future__ import annotations

import gc
import linecache

from polyflow.core.program import Program
from polyflow.extension.manager import extensions
from polyflow.runtime.straight import StraightProgram


def test_the_lines_of_a_program_are_given_up_when_it_is_gone_and_another_is_made() -> None:
    first = made()
    name = first.filename
    assert linecache.getline(name, 1) == "def program():\n"
    del first
    gc.collect()
    assert name in linecache.cache  # a collection may come while somebody walks over all that are kept
    made()
    assert name not in linecache.cache


def made() -> StraightProgram:
    backend = extensions().backend("numpy")
    return StraightProgram(Program((), (), ()), backend, backend.devices()[0])
