"""Random numbers: functions of a key, as in JAX, or streams that advance with each run, as in TensorFlow 1.

**With a key** a draw is a function of it. Bits are Threefry's, the same on every backend and those of ``jax.random``:

>>> import polyflow as pf
>>> key = pf.random.key(42)
>>> first, second = pf.unstack(pf.random.split(key))
>>> dice = pf.random.randint((6,), 1, 7, key=first)
>>> [pf.Session(backend).run(dice).tolist() for backend in ("numpy", "reference")]
[[5, 5, 2, 5, 5, 3], [5, 5, 2, 5, 5, 3]]

A key is used once: ``split`` makes several of it, ``fold_in`` one for each number.

**Without a key** an operation draws from a stream of its own: new numbers in each run, the same sequence in every
session and on every backend.

>>> pf.set_random_seed(7)
>>> noise = pf.random.randint((4,), 0, 100, name="noise")
>>> session, again = pf.Session("numpy"), pf.Session("reference")
>>> [session.run(noise).tolist() for _ in range(2)] == [again.run(noise).tolist() for _ in range(2)]
True
>>> bool((session.run(noise) == session.run(noise)).all())
False

The stream is derived from the seed of the graph (``set_random_seed``; 0 unless it is given) and from the operation's
name, so adding another operation changes nothing; where it must stay, give the name, since those without are numbered.
``seed=`` takes the place of the name. Initial values of variables are drawn so:

>>> weights = pf.Variable(pf.random.normal((3, 2), stddev=0.1), name="weights")
>>> bool((pf.Session().run(weights) == pf.Session().run(weights)).all())
True

Gradients flow to the parameters: a normal draw is ``mean + stddev * x`` with ``x`` from the standard distribution.

>>> mean, stddev = pf.Variable(1.0), pf.Variable(2.0)
>>> draw = pf.random.normal((1024,), mean, stddev)
>>> pf.Session().run(pf.gradients(pf.mean(draw), mean)[0]).tolist()
1.0
"""

from polyflow.ops.random_bits import bits, fold_in, key, split
from polyflow.ops.random_discrete import bernoulli, categorical, permutation, randint, shuffle
from polyflow.ops.random_gamma import gamma
from polyflow.ops.random_normal import normal, truncated_normal
from polyflow.ops.random_streams import set_random_seed
from polyflow.ops.random_uniform import cauchy, exponential, gumbel, laplace, logistic, uniform

__all__ = [
    "key",
    "split",
    "fold_in",
    "bits",
    "uniform",
    "normal",
    "truncated_normal",
    "randint",
    "bernoulli",
    "categorical",
    "permutation",
    "shuffle",
    "exponential",
    "laplace",
    "logistic",
    "gumbel",
    "cauchy",
    "gamma",
    "set_random_seed",
]
