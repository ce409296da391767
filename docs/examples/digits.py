"""Handwritten digits: one graph, trained by several engines, which must agree.

Run it with ``python docs/examples/digits.py`` (or ``make demo``). It trains a small classifier on scikit-learn's 1,797
images in a NumPy session, then in a JAX session, then for some seconds in the pure Python reference session, with the
same batches in the same order. It ends with a table, writes three pictures to ``demo-output/``, and fails if an engine
misses a bar. How the pictures are painted is in ``pictures.py``.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import pictures
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from tqdm import tqdm

import polyflow as pf
from polyflow.tools.drawing import draw_graph

LAYERS = 64, 128, 64, 10  # pixels, two hidden layers, digits
BATCH = 64
REFERENCE_SECONDS = 12  # pure Python is some thousand times slower: it does as many steps as it can
COMPARED_STEPS = 50
LARGEST_DIFFERENCE = 1e-4
LEAST_ACCURACY = 0.95


class Classifier:
    """The graph. It knows of no engine: sessions come later."""

    def __init__(self, seed: int = 0) -> None:
        generator = np.random.default_rng(seed)
        self.graph = pf.Graph()
        with self.graph.as_default():
            self.images = pf.placeholder("float32", (None, LAYERS[0]), name="images")
            self.labels = pf.placeholder("int64", (None,), name="labels")
            x = self.images
            for number, (size_in, size_out) in enumerate(pairwise(LAYERS), 1):
                with self.graph.name_scope(f"layer{number}"):
                    start = generator.normal(0, np.sqrt(2 / size_in), (size_in, size_out)).astype("float32")
                    weights = pf.Variable(start, name="weights")
                    biases = pf.Variable(np.zeros(size_out, "float32"), name="biases")
                    x = x @ weights + biases
                    if size_out != LAYERS[-1]:
                        x = pf.nn.relu(x)
            with self.graph.name_scope("loss"):
                self.loss = pf.mean(pf.nn.sparse_softmax_cross_entropy_with_logits(self.labels, x))
            with self.graph.name_scope("accuracy"):
                self.guesses = pf.argmax(x, axis=-1)
                self.accuracy = pf.mean(pf.astype(self.guesses == self.labels, pf.float32))
            with self.graph.name_scope("training"):
                self.step = pf.train.MomentumOptimizer(learning_rate=0.05, momentum=0.9).minimize(self.loss)


@dataclass
class Training:
    """What became of the graph on one engine."""

    backend: str
    device: str
    losses: list[float] = field(default_factory=list)
    seconds: float = 0.0
    accuracy: float = 0.0
    guesses: list[int] = field(default_factory=list)


def load_data() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Images and labels to train with, images and labels to test with."""
    digits = load_digits()
    images, labels = (digits.data / 16).astype("float32"), digits.target.astype("int64")
    train_images, test_images, train_labels, test_labels = train_test_split(
        images, labels, test_size=0.2, random_state=0, stratify=labels
    )
    return train_images, train_labels, test_images, test_labels


def make_batches(count: int, epochs: int) -> list[np.ndarray]:
    """Which images each step sees: every epoch shuffled anew, whole batches only."""
    generator = np.random.default_rng(1)
    orders = [generator.permutation(count) for _ in range(epochs)]
    return [order[at : at + BATCH] for order in orders for at in range(0, count - BATCH + 1, BATCH)]


def train(backend: str, classifier: Classifier, data: tuple[np.ndarray, ...], batches: list[np.ndarray]) -> Training:
    """Train the classifier in a session of ``backend``, then test it."""
    images, labels, test_images, test_labels = data
    with pf.Session(backend, classifier.graph) as session:
        result = Training(backend, session.device)
        feeds = [classifier.images, classifier.labels]
        step = session.prepare([classifier.loss, classifier.accuracy, classifier.step], feeds)
        start = time.perf_counter()
        progress = tqdm(batches, desc=f"{backend:<10}", unit="step", mininterval=0.2)
        for batch in progress:
            loss, accuracy, _ = step(images[batch], labels[batch])
            result.losses.append(float(loss))
            progress.set_postfix(loss=f"{float(loss):.4f}", accuracy=f"{float(accuracy):.3f}", refresh=False)
            if backend == "reference" and time.perf_counter() - start > REFERENCE_SECONDS:
                break
        progress.close()
        result.seconds = time.perf_counter() - start
        fetches = [classifier.accuracy, classifier.guesses]
        accuracy, guesses = session.run(fetches, {classifier.images: test_images, classifier.labels: test_labels})
        result.accuracy, result.guesses = float(accuracy), guesses.tolist()
    return result


def largest_difference(losses: list[float], expected: list[float]) -> float:
    """The largest relative difference between two loss curves over their first steps."""
    pairs = list(zip(losses, expected, strict=False))[:COMPARED_STEPS]
    return max(abs(loss - other) / abs(other) for loss, other in pairs)


def print_table(results: list[Training]) -> list[str]:
    """Print what each engine reached; return the bars that were missed."""
    missed = []
    row = "{:<10} {:<8} {:>6} {:>11} {:>14} {:>8} {:>12}"
    header = row.format("backend", "device", "steps", "final loss", "test accuracy", "seconds", "difference")
    print(f"\n{header}\n{'-' * len(header)}")
    for each in results:
        difference = largest_difference(each.losses, results[0].losses)
        loss, accuracy, seconds = f"{each.losses[-1]:.5f}", f"{each.accuracy:.4f}", f"{each.seconds:.1f}"
        print(row.format(each.backend, each.device, len(each.losses), loss, accuracy, seconds, f"{difference:.1e}"))
        if not difference <= LARGEST_DIFFERENCE:
            missed.append(f"{each.backend}: the loss differs by {difference:.1e}, more than {LARGEST_DIFFERENCE:.0e}")
        if each.backend != "reference" and not each.accuracy >= LEAST_ACCURACY:
            missed.append(f"{each.backend}: test accuracy {each.accuracy:.4f} is below {LEAST_ACCURACY}")
    print(
        f"difference: of the loss to {results[0].backend}'s, relative, at most, in the first {COMPARED_STEPS} steps\n"
    )
    return missed


def main() -> int:
    """Train on every backend; the exit status is 1 if a bar was missed."""
    parser = argparse.ArgumentParser(description="One graph, several engines: handwritten digits.")
    parser.add_argument("--backends", nargs="+", default=["numpy", "jax", "reference"], help="the first is the measure")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--output", type=Path, default=Path("demo-output"), help="the folder for the pictures")
    options = parser.parse_args()

    classifier = Classifier()
    data = load_data()
    batches = make_batches(len(data[0]), options.epochs)
    results = [train(backend, classifier, data, batches) for backend in options.backends]
    missed = print_table(results)

    options.output.mkdir(parents=True, exist_ok=True)
    curves = {each.backend: each.losses for each in results}
    pictures.draw_losses(curves, options.output / "loss-curves.png", COMPARED_STEPS, LARGEST_DIFFERENCE)
    pictures.draw_confusion(data[3], results[0].guesses, options.output / "confusion-matrix.png", results[0].backend)
    draw_graph(classifier.graph, options.output / "graph.png", title="one graph, every engine")
    print(f"pictures in {options.output}: loss-curves.png, confusion-matrix.png, graph.png")
    for each in missed:
        print(f"MISSED  {each}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
