"""``tf.get_variable`` and ``tf.variable_scope``: variables by name, made once and shared after."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

from polyflow.compat.v1.initializers import glorot_uniform_initializer, zeros_initializer
from polyflow.compat.v1.static_shapes import fixed_shape
from polyflow.compat.v1.variables import GraphKeys, Variable, add_to_collection, get_collection
from polyflow.core.building import overriding
from polyflow.core.dtypes import DType, as_dtype, float32
from polyflow.core.graph import get_default_graph
from polyflow.core.location import user_location
from polyflow.errors import ArgumentError, DTypeError, GraphError, ShapeError, message

_STORE = "__variable_store"


class _AutoReuse:
    def __repr__(self) -> str:
        return "tf.AUTO_REUSE"


AUTO_REUSE = _AutoReuse()
"""As ``reuse=``: variables are made where there are none, and shared where there are."""


class VariableScope:
    """What ``get_variable`` goes by inside a ``with tf.variable_scope(...)``: a prefix of names, and defaults.

    >>> import polyflow.compat.v1 as tf
    >>> with tf.variable_scope("layer") as scope:
    ...     w = tf.get_variable("w", [2])
    ...     scope.reuse_variables()
    ...     tf.get_variable("w") is w
    True
    """

    def __init__(
        self,
        name: str,
        reuse: Any = False,
        initializer: Any = None,
        regularizer: Callable[[Any], Any] | None = None,
        dtype: DType = float32,
        original_name_scope: str = "",
    ) -> None:
        self.name = name
        self.reuse = reuse
        self.initializer = initializer
        self.regularizer = regularizer
        self.dtype = dtype
        self.original_name_scope = original_name_scope

    def reuse_variables(self) -> None:
        """From here on variables are shared, and none are made."""
        self.reuse = True

    def set_initializer(self, initializer: Any) -> None:
        """The initialiser of variables that name none."""
        self.initializer = initializer

    def set_regularizer(self, regularizer: Callable[[Any], Any] | None) -> None:
        """The regularizer of variables that name none."""
        self.regularizer = regularizer

    def global_variables(self) -> list[Any]:
        """The variables whose names begin with that of the scope."""
        return self._inside(GraphKeys.GLOBAL_VARIABLES)

    def trainable_variables(self) -> list[Any]:
        """The trainable variables whose names begin with that of the scope."""
        return self._inside(GraphKeys.TRAINABLE_VARIABLES)

    def _inside(self, key: str) -> list[Any]:
        prefix = f"{self.name}/" if self.name else ""
        return [each for each in get_collection(key) if each.name.startswith(prefix)]


class _Store:
    """The variables of one graph by name, and the scope that is open."""

    def __init__(self) -> None:
        self.variables: dict[str, Variable] = {}
        self.scope = VariableScope("")
        self.counts: dict[str, int] = {}
        """How often a scope of the name was opened, inside the scopes that are open."""

    def unique(self, prefix: str, name: str) -> str:
        """``name``, numbered where a scope was opened under it before."""
        candidate, number = name, 0
        while self.counts.get(prefix + candidate):
            number += 1
            candidate = f"{name}_{number}"
        return candidate


def _root() -> Any:
    """The outermost graph that is being built: variables made in bodies of loops and branches are its own."""
    graph: Any = get_default_graph()
    return getattr(graph, "root", graph)


def _store() -> _Store:
    kept = _root().collection(_STORE)
    if not kept:
        kept.append(_Store())
    return kept[0]  # type: ignore[no-any-return]


def get_variable_scope() -> VariableScope:
    """The scope that is open in the default graph."""
    return _store().scope


@contextmanager
def variable_scope(
    name_or_scope: str | VariableScope | None,
    default_name: str | None = None,
    values: object = None,
    initializer: Any = None,
    regularizer: Callable[[Any], Any] | None = None,
    caching_device: object = None,
    partitioner: None = None,
    custom_getter: None = None,
    reuse: Any = None,
    dtype: Any = None,
    use_resource: bool | None = None,
    constraint: None = None,
    auxiliary_name_scope: bool = True,
) -> Iterator[VariableScope]:
    """Put ``name/`` before the names of the variables of ``get_variable``, and before those of operations.

    >>> import polyflow.compat.v1 as tf
    >>> def layer(x):
    ...     with tf.variable_scope("layer", reuse=tf.AUTO_REUSE):
    ...         return x * tf.get_variable("w", [], initializer=tf.ones_initializer())
    >>> y = layer(layer(tf.constant(2.0)))
    >>> [each.name for each in tf.global_variables()], y.name
    (['layer/w:0'], 'layer_1/multiply:0')

    ``reuse=True`` shares variables and makes none; ``tf.AUTO_REUSE`` makes those that there are not; ``None`` and
    ``False`` take over what the scope around does. A scope given again as an object is entered by its own name,
    wherever that is. Without a name ``default_name`` is taken, numbered where it was taken before. ``initializer``,
    ``regularizer`` and ``dtype`` are defaults of ``get_variable``. The name scope is opened anew each time, and so
    numbered; ``tf.name_scope`` is none of the variables' business. Raises ``ArgumentError`` without any name, for
    ``reuse`` of a default name, and for a ``partitioner``, ``custom_getter`` or ``constraint``.
    """
    _refuse_others("variable_scope", partitioner=partitioner, custom_getter=custom_getter, constraint=constraint)
    store, outer, opened = _store(), _store().scope, dict(_store().counts)
    prefix = f"{outer.name}/" if outer.name else ""
    if isinstance(name_or_scope, VariableScope):
        base, full = name_or_scope, name_or_scope.name
        part = full.rpartition("/")[2]
    else:
        part = _own_name(store, prefix, default_name, reuse) if name_or_scope is None else name_or_scope
        base, full = outer, f"{prefix}{part}" if part else outer.name
    inner = VariableScope(
        full,
        reuse or base.reuse,
        base.initializer if initializer is None else initializer,
        base.regularizer if regularizer is None else regularizer,
        base.dtype if dtype is None else as_dtype(dtype),
    )
    store.counts[full] = store.counts.get(full, 0) + 1
    store.scope = inner
    try:
        with get_default_graph().name_scope(part) if auxiliary_name_scope and part else nullcontext("") as name_scope:
            inner.original_name_scope = name_scope
            yield inner
    finally:
        store.scope = outer
        if base is outer:  # inside, default names are counted from the start when it is opened again
            opened = {name: count for name, count in store.counts.items() if not name.startswith(f"{full}/")}
        store.counts = opened


def _own_name(store: _Store, prefix: str, default_name: str | None, reuse: Any) -> str:
    """The default name, numbered where a scope was opened under it before."""
    if default_name is None:
        raise ArgumentError(message("variable_scope: no name", needed="a name, a scope, or default_name"))
    if reuse:
        raise ArgumentError(
            message(f"variable_scope: a scope numbered anew, {default_name!r}, has nothing to share", remedy="a name")
        )
    return store.unique(prefix, default_name)


def get_variable(
    name: str,
    shape: Any = None,
    dtype: Any = None,
    initializer: Any = None,
    regularizer: Callable[[Any], Any] | None = None,
    trainable: bool | None = None,
    collections: Sequence[str] | None = None,
    caching_device: object = None,
    partitioner: None = None,
    validate_shape: bool = True,
    use_resource: bool | None = None,
    custom_getter: None = None,
    constraint: None = None,
) -> Variable:
    """The variable called ``name`` in the open scope: made, or shared, as the scope's ``reuse`` says.

    >>> import polyflow.compat.v1 as tf
    >>> with tf.variable_scope("dense", initializer=tf.ones_initializer()):
    ...     w = tf.get_variable("w", [2])
    >>> w.name, tf.Session().run(w).tolist()
    ('dense/w:0', [1.0, 1.0])

    ``initializer`` is called with shape and dtype; or it is a value, and then gives the shape itself. Without one, and
    without one of the scope, floats are ``glorot_uniform_initializer()``'s and other numbers 0. What ``regularizer``
    makes of the variable is put into ``GraphKeys.REGULARIZATION_LOSSES``.

    Raises ``GraphError``, a ``ValueError``, for a variable that is there and must not be shared, or is not there and
    must be; ``ShapeError`` and ``DTypeError`` for one to be shared that is another; ``ArgumentError`` for a
    ``partitioner``, ``custom_getter`` or ``constraint``.
    """
    _refuse_others("get_variable", partitioner=partitioner, custom_getter=custom_getter, constraint=constraint)
    store = _store()
    scope = store.scope
    full = f"{scope.name}/{name}" if scope.name else name
    wanted = None if shape is None else fixed_shape(shape)
    known = store.variables.get(full)
    if known is not None:
        _check_shared(known, full, scope, wanted, dtype)
        return known
    if scope.reuse is True:
        raise GraphError(
            message(
                f"get_variable: there is no variable {full!r} to share",
                found="none that get_variable made",
                where=user_location(),
                remedy="reuse=tf.AUTO_REUSE, or no reuse where it is made",
            )
        )
    dtype = as_dtype(scope.dtype if dtype is None else dtype)
    start = scope.initializer if initializer is None else initializer
    made = _make(full, shape, wanted, dtype, start, trainable is not False, collections)
    store.variables[full] = made
    penalty = scope.regularizer if regularizer is None else regularizer
    if penalty is not None:
        with get_default_graph().name_scope(f"{full}/Regularizer"):
            loss = penalty(made)
        if loss is not None:
            add_to_collection(GraphKeys.REGULARIZATION_LOSSES, loss)
    return made


def _make(
    full: str, shape: Any, wanted: tuple[int, ...] | None, dtype: DType, start: Any, trainable: bool, keys: Any
) -> Variable:
    """A new variable, in the outermost graph and outside all name scopes."""
    if inspect.isclass(start):
        start = start()
    if start is None:
        start = glorot_uniform_initializer() if dtype.is_floating or dtype.is_complex else zeros_initializer()
    if callable(start) and wanted is None:
        raise ShapeError(
            message(
                f"get_variable: the shape of {full!r} is not known",
                found=f"shape={shape}",
                needed="every dimension, or a value as initializer",
                where=user_location(),
            )
        )
    if not callable(start) and shape is not None:
        raise ArgumentError(
            message(f"get_variable: {full!r} has a shape and a value as initializer", remedy="leave out the shape")
        )
    root = _root()
    with overriding(root), root.name_scope(""), root.control_dependencies(None):
        if callable(start):
            with root.name_scope(f"{full}/Initializer"):
                start = start(list(wanted or ()), dtype=dtype)
            return Variable(start, trainable, keys, name=full, dtype=dtype)
        is_typed = getattr(start, "dtype", None) is not None
        return Variable(start, trainable, keys, name=full, dtype=None if is_typed else dtype)


def _check_shared(known: Variable, full: str, scope: VariableScope, shape: Any, dtype: Any) -> None:
    made_at = known.operation.location
    if not scope.reuse:
        raise GraphError(
            message(
                f"get_variable: variable {full!r} is there already, and must not be shared",
                found=f"it was made at {made_at}",
                where=user_location(),
                remedy="variable_scope(..., reuse=True), or reuse=tf.AUTO_REUSE",
            )
        )
    if shape is not None and shape != known.shape:
        raise ShapeError(
            message(
                f"get_variable: variable {full!r} has another shape",
                found=f"{known.shape}, made at {made_at}",
                needed=shape,
                where=user_location(),
            )
        )
    if dtype is not None and as_dtype(dtype) is not known.dtype:
        raise DTypeError(
            message(
                f"get_variable: variable {full!r} has another dtype",
                found=f"{known.dtype}, made at {made_at}",
                needed=as_dtype(dtype),
                where=user_location(),
            )
        )


def _refuse_others(who: str, **options: Any) -> None:
    for name, value in options.items():
        if value is not None:
            raise ArgumentError(message(f"{who}: polyflow has no {name}", found=repr(value), remedy="leave it out"))
