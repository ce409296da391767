"""Whatever a process asks of polyflow first, it works: modules are loaded when they are needed."""

import os
import subprocess
import sys

import pytest

FIRST = (
    "pf.zeros((3,))", "pf.ones((2,))", "pf.sin(1.0)", "pf.eye(2)", "pf.arange(3)", "pf.concat([[1.0], [2.0]])",
    "pf.sum([1.0])", "pf.matmul([[1.0]], [[2.0]])", "pf.where(True, 1.0, 2.0)", "pf.reshape([1.0], (1, 1))",
    "pf.linspace(0.0, 1.0, 3)", "pf.full((2,), 1.0)", "pf.nn.relu([-1.0])", "pf.nn.softmax([1.0, 2.0])",
    "pf.linalg.det([[1.0]])", "pf.fft.fft([1.0, 2.0])", "pf.random.uniform((2,))", "pf.constant(1.0)",
    "pf.Variable(1.0)", "pf.cond(True, lambda: 1.0, lambda: 2.0)",
    "pf.while_loop(lambda i: i < 3, lambda i: i + 1, [0])", "pf.py_func(abs, [-1.0], pf.float32)",
    "pf.nonzero([1.0])", "pf.get_default_graph()", "pf.control_dependencies([])", "pf.function(lambda x: x)(1.0)",
    "pf.placeholder_with_default(1.0, shape=())",
)  # fmt: skip
SCRIPT = """
import os, sys
import polyflow as pf
for code in sys.argv[1:]:
    child = os.fork()
    if not child:
        try:
            made = eval(code)
            if isinstance(made, pf.Tensor):
                pf.Session().run(made)
        except BaseException as error:
            print(f"{code}: {type(error).__name__}: {error}", flush=True)
        os._exit(0)
    os.waitpid(child, 0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are copied here after the import")
def test_any_op_may_be_the_first_of_a_process():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *FIRST], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
