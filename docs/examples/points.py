"""Red and blue points: the network with which TensorSlow shows what a graph is, in TensorSlow's own words.

Run it with ``python docs/examples/points.py`` (or ``make demo-tensorslow``). Two clusters of red points and two of
blue ones stand at opposite corners of a square, so no straight line parts them. A network of 2-4-8-2-2 sigmoid units
learns to in 2,000 steps of plain gradient descent; the boundary that it finds is painted to ``demo-output/points.png``.

The program is one that TensorSlow could run, but for the name of the import and of the engine.
"""

from __future__ import annotations

import argparse
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pictures

import polyflow.compat.tensorslow as ts

UNITS = 2, 4, 8, 2, 2


def make_points(generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Fifty red points around (0, 0) and (1, 1), fifty blue ones around (0, 1) and (1, 0)."""

    def around(*centres: tuple[float, float]) -> np.ndarray:
        return np.concatenate([generator.normal(centre, 0.2, (25, 2)) for centre in centres])

    return around((0, 0), (1, 1)), around((0, 1), (1, 0))


def main() -> int:
    """Train the network; the exit status is 1 if it tells fewer than 90 of the 100 points right."""
    parser = argparse.ArgumentParser(description="TensorSlow's red and blue points.")
    parser.add_argument("--backend", default="numpy", help="the engine: numpy, jax, ...")
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--output", type=Path, default=Path("demo-output"), help="the folder for the picture")
    options = parser.parse_args()

    generator = np.random.default_rng(0)
    red, blue = make_points(generator)
    points = np.concatenate([red, blue])
    classes = [[1, 0]] * len(red) + [[0, 1]] * len(blue)

    ts.Graph().as_default()
    X = ts.placeholder()
    c = ts.placeholder()

    # Each layer is sigmoid(a W + b); the last one is a softmax.
    a = X
    for number, (size_in, size_out) in enumerate(pairwise(UNITS), 1):
        W = ts.Variable(generator.standard_normal((size_in, size_out)))
        b = ts.Variable(generator.standard_normal(size_out))
        activation = ts.softmax if number == len(UNITS) - 1 else ts.sigmoid
        a = activation(ts.add(ts.matmul(a, W), b))
    p = a

    # The cross entropy of all points, and the step that makes it smaller.
    J = ts.negative(ts.reduce_sum(ts.reduce_sum(ts.multiply(c, ts.log(p)), axis=1)))
    minimization_op = ts.train.GradientDescentOptimizer(learning_rate=0.03).minimize(J)

    session = ts.Session(options.backend)
    feed_dict = {X: points, c: classes}
    for step in range(options.steps):
        if step % 100 == 0:
            print(f"step {step:>5}  loss {float(session.run(J, feed_dict)):.4f}")
        session.run(minimization_op, feed_dict)
    print(f"step {options.steps:>5}  loss {float(session.run(J, feed_dict)):.4f}")

    guesses = np.asarray(session.run(p, feed_dict))
    right = int((guesses.argmax(axis=1) == np.asarray(classes).argmax(axis=1)).sum())
    options.output.mkdir(parents=True, exist_ok=True)
    path = options.output / "points.png"
    pictures.draw_boundary(red, blue, lambda plane: np.asarray(session.run(p, {X: plane}))[:, 0], path)
    print(f"{right} of {len(points)} points are on the right side; picture: {path}")
    return 0 if right >= 90 else 1


if __name__ == "__main__":
    sys.exit(main())
