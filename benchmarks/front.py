"""The table in README.md: a few of the committed figures, in words for who has just come in."""

from __future__ import annotations

from pathlib import Path

from benchmarks.results import MEASURED, Results
from benchmarks.running import cells

TINY, MIDDLE = "tiny 2-4-8-2-2, batch 100", "middle 784-256-128-10, batch 128"
HEADER = "| work | polyflow on | us | against | us | ratio | quartiles |\n|---|---|---|---|---|---|---|\n"
ROWS = (
    (f"training step, {TINY}", f"training step / {TINY} / NumPy by hand / one thread"),
    (f"training step, {TINY}", f"training step / {TINY} / JAX by hand / one thread"),
    (f"training step, {TINY}", f"training step / {TINY} / PyTensor / one thread"),
    (f"training step, {MIDDLE}", f"training step / {MIDDLE} / NumPy by hand / one thread"),
    (f"training step, {MIDDLE}", f"training step / {MIDDLE} / JAX by hand / one thread"),
    (f"training step, {MIDDLE}", f"training step / {MIDDLE} / PyTensor / one thread"),
    ("100 tiny steps by `run_many`, of each", f"many steps / 100 steps by run_many, {TINY} / JAX by hand / one thread"),
    ("loss and gradient, tiny", f"loss and gradient / {TINY} / autograd / one thread"),
    ("loss and gradient, middle", f"loss and gradient / {MIDDLE} / autograd / one thread"),
    (
        "12 elementwise operations, 4 million float32, each",
        "elementwise / 12 elementwise operations, 4 million float32 / NumPy by hand / one thread",
    ),
    (
        "the same, two threads",
        "elementwise / 12 elementwise operations, 4 million float32 / NumPy by hand / two threads",
    ),
    ("LSTM over 100 steps, gradient", "control flow / LSTM, 100 steps, gradient / JAX by hand / one thread"),
    ("a batch of a digits CNN", "digits / an epoch of a CNN, 28 batches of 64 / PyTorch / one thread"),
    ("the same, two threads", "digits / an epoch of a CNN, 28 batches of 64 / PyTorch / two threads"),
    (
        "`session.run` of two operations",
        "overhead / session.run, 2 operations on 4 numbers / TensorFlow 1 mode / one thread",
    ),
    (
        "building a chain of 100,000 operations, each",
        "scale / built, chain of 100,000 operations / JAX, traced / one thread",
    ),
)
"""What README calls the work, and the key of the figure."""


def front_table(results: Results) -> str:
    """The table; what was not measured has no row."""
    known = results.by_key()
    lines = []
    for work, key in ROWS:
        each = known[key]
        if each.status == MEASURED:
            lines.append(f"| {work} | {cells(each, f'{each.peer}: {each.theirs}')} |\n")
    return HEADER + "".join(lines)


def write_front(results: Results, readme: Path) -> None:
    """Put the table in the place of the one that is there."""
    text = readme.read_text(encoding="utf-8")
    before, _, rest = text.partition(HEADER)
    _, end, after = rest.partition("\n\n")
    readme.write_text(before + front_table(results).rstrip("\n") + end + after, encoding="utf-8")
