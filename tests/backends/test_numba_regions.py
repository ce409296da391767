"""What is put into machine code, and as what source: decided, and tested, without Numba."""

from __future__ import annotations

import ast

import numpy as np
import pytest
from polyflow_numba import MachineCode
from polyflow_numba.operations import LARGEST, MOST_PRODUCTS
from polyflow_numba.regions import FEWEST, machine_code_op

import polyflow as pf
from polyflow.core.program import Program
from polyflow.extension.manager import extensions
from tests.processes import printed
from tests.programs import context, program_of


def compiled(fetches, *feeds) -> Program:
    """The program after the pass."""
    return MachineCode()(program_of(fetches, *feeds), context())


def regions(program: Program):
    return [each.attributes["region"] for each in program.operations if each.op is machine_code_op]


def placeholders(*shapes, dtype="float32"):
    return [pf.placeholder(dtype, shape, name=f"x{place}") for place, shape in enumerate(shapes)]


def chain(x, count=FEWEST):
    for step in range(count):
        x = x * 1.5 if step % 2 else x + x
    return x


def test_operations_on_small_arrays_become_one():
    x, w = placeholders((100, 2), (2, 4))
    program = compiled(pf.mean(pf.nn.sigmoid(x @ w + 1.0), axis=1), x, w)
    (operation,) = program.operations
    assert repr(operation.attributes["region"]) == "<matmul, add, nn.sigmoid, mean, in machine code>"
    assert operation.outputs[0].type.shape == (100,)


def test_a_stretch_that_costs_less_than_a_call_stays_as_it_is():
    (x,) = placeholders((8,))
    assert not regions(compiled(chain(x, FEWEST - 1), x))
    assert len(regions(compiled(chain(x), x))) == 1


@pytest.mark.parametrize(
    ("shape", "dtype", "is_compiled"),
    [
        ((LARGEST,), "float32", True),
        ((LARGEST + 1,), "float32", False),
        ((0,), "float32", False),
        ((None,), "float32", False),
        ((3,), "float16", False),
        ((3,), "complex64", False),
        ((3,), "uint8", False),
        ((3,), "int64", True),
    ],
)
def test_what_is_large_empty_dynamic_or_of_another_dtype_stays_with_numpy(shape, dtype, is_compiled):
    x = pf.placeholder(dtype, shape, name="x")
    y = x
    for _ in range(FEWEST):
        y = y + x
    assert bool(regions(compiled(y, x))) == is_compiled


def test_large_products_are_left_to_blas():
    a, b, c = placeholders((64, 64), (64, 64), (4, 8))
    assert MOST_PRODUCTS < 64 * 64 * 64
    program = compiled([chain(a @ b), chain(c @ pf.matrix_transpose(c))], a, b, c)
    names = [each.op.full_name for each in program.operations]
    assert names.count("matmul") == 1
    assert len(regions(program)) == 1  # behind the large product, with all else


def test_what_others_read_too_is_a_result_of_the_region():
    (x,) = placeholders((4, 4))
    y = chain(x)
    program = compiled([pf.sort(y, axis=0), y * 2.0], x)
    names = [each.op.full_name for each in program.operations]
    assert names == ["machine_code", "sort"]
    assert [each.type.shape for each in program.operations[0].outputs] == [(4, 4), (4, 4)]


def test_a_stretch_that_nobody_reads_is_left_out():
    (x,) = placeholders((8,))
    read, unread = program_of(pf.sort(x), x), program_of(chain(x), x)
    both = Program((*read.parameters, *unread.parameters), (*read.operations, *unread.operations), read.results)
    assert [each.op.full_name for each in MachineCode()(both, context()).operations] == ["sort"]


def test_a_view_that_others_read_is_no_copy():
    (x,) = placeholders((4, 8))
    turned = pf.matrix_transpose(x)
    program = compiled([chain(turned), turned], x)
    assert "matrix_transpose" in [each.op.full_name for each in program.operations]


def test_the_bodies_of_loops_are_compiled_too():
    (x,) = placeholders((8,))
    session = pf.Session("numpy")
    y = pf.while_loop(lambda i, v: i < 3, lambda i, v: (i + 1, chain(v)), (0, x))[1]
    before = session.run(y, {x: np.ones(8, "float32")})
    assert before.shape == (8,)
    (loop,) = [each for each in program_of(y, x).operations if each.op.is_nested]
    assert len(regions(MachineCode()(loop.attributes["body"], context()))) == 1


def test_the_source_is_python_with_a_loop_for_each_shape():
    x, w = placeholders((100, 2), (2, 4))
    h = pf.nn.sigmoid(x @ w + 1.0)
    (region,) = regions(compiled(h * (1.0 - h), x, w))
    compute, call = [each for each in ast.parse(region.source).body if isinstance(each, ast.FunctionDef)]
    assert (compute.name, call.name) == ("compute", "region")
    loops = [each for each in compute.body if isinstance(each, ast.For)]
    assert [ast.unparse(each.iter) for each in loops] == ["range(2)", "range(4)"]  # x packed, and all the rest
    assert [ast.unparse(each.body[-1].iter) for each in loops] == ["range(100)", "range(100)"]


def test_equal_programs_have_one_source():
    sources = set()
    for _ in range(2):
        with pf.Graph().as_default():
            (x,) = placeholders((8,))
            (region,) = regions(compiled(chain(x), x))
            sources.add(region.source)
    assert len(sources) == 1


def test_memory_is_used_again():
    (x,) = placeholders((32, 4))
    y = x
    for _ in range(6):
        y = y - pf.mean(y, axis=0)
    (region,) = regions(compiled(y, x))
    assert "w_f4 = empty(264, f4)" in region.source  # two matrices and a row


def test_the_backend_is_announced_with_what_installs_it():
    entry, distribution = extensions().backend_entries["numba"]
    assert (entry.install, distribution) == ('pip install "polyflow[numba]"', "polyflow")


def test_a_session_without_numba_is_told_what_to_install():
    code = (
        "import sys; sys.modules['numba'] = None; import polyflow as pf\n"
        "try: pf.Session('numba')\n"
        "except pf.errors.BackendError as error: print(error)"
    )
    found = printed(code)
    assert "backend 'numba' of polyflow cannot be loaded" in found
    assert 'pip install "polyflow[numba]"' in found


def test_other_backends_load_nothing_of_it():
    code = (
        "import sys; import polyflow as pf\n"
        "pf.Session('numpy').run(pf.constant(1.0) + 1.0)\n"
        "print([name for name in sys.modules if name.startswith('polyflow_numba.') or name == 'numba'])"
    )
    found = printed(code)
    assert found.strip() == "[]"
