"""Lowering: before and after, as texts."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

import pytest

import polyflow as pf
from polyflow.control_flow.lowering import lower
from polyflow.core.dataflow import format_dataflow
from polyflow.core.printer import format_program
from programs import context, program_of
from polyflow.extension.manager import extensions
from polyflow.passes.pipeline import run_passes


def texts(fetches: Any, *feeds: pf.Tensor) -> tuple[str, str]:
    """The program of ``fetches`` after the passes, before and after lowering."""
    program, _ = run_passes(program_of(fetches, *feeds), extensions().passes, context())
    return format_program(program), format_dataflow(lower(program))


def show(x): print(x)
def test_p():
    x = pf.placeholder("float32", (), name="x")
    for f in (pf.cond(x > 0, lambda: x * 2, lambda: pf.constant(1.0), name="choice"),
      pf.while_loop(lambda p: p <= 10, lambda p: p * x, [x], name="powers")[0],
      pf.while_loop(lambda p: p <= 10, lambda p: p * x, [x], name="limited", maximum_iterations=3)[0],
      pf.map_fn(lambda e: e + x, pf.constant([1.0, 2.0]), name="rows"),
      ):
        for t in texts(f, x): print(t)
    with pf.Graph().as_default():
        x = pf.placeholder("float32", (), name="x")
        a = pf.py_func(abs, [x], pf.float32, shape=(), name="a")
        b = pf.fori_loop(0, 2, lambda i, y: pf.py_func(abs, [y], pf.float32, shape=(), name="inside"), x, name="loop")
        c = pf.py_func(abs, [x], pf.float32, shape=(), name="c")
        for t in texts([a,b,c], x): print(t)
    assert 0
