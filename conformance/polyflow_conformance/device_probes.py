"""Probes of devices: arrays go there and come back as they were, and programs give the same on each."""

from __future__ import annotations

from typing import Any

import polyflow as pf
from polyflow_conformance.replay import array, ran, refused, special_array


def every_dtype_comes_back_from_every_device(backend: Any) -> None:
    library = pf.Session(backend).backend
    for device in library.devices():
        for dtype in library.dtypes:
            value = special_array(dtype)
            there = library.from_literal(value, device)
            assert library.type_of(there) == value.type, f"{device}: {library.type_of(there)}, not {value.type}"
            found = library.to_literal(there)
            assert found.data == value.data, f"{device}: {found.tolist()} instead of {value.tolist()}"


def a_move_to_a_device_changes_no_bit(backend: Any) -> None:
    library = pf.Session(backend).backend
    for first in library.devices():
        for second in library.devices():
            for dtype in library.dtypes:
                value = special_array(dtype)
                moved = library.to_device(library.from_literal(value, first), second)
                assert library.type_of(moved) == value.type, f"{first} to {second}: {library.type_of(moved)}"
                assert library.to_literal(moved).data == value.data, f"{dtype}, {first} to {second}"


def a_program_gives_the_same_on_every_device(backend: Any) -> None:
    x, w = pf.placeholder("float32", (2, 3)), pf.Variable([[1.0], [2.0], [3.0]])
    y = pf.matmul(x, w.assign_add([[1.0], [1.0], [1.0]]))
    for device in pf.Session(backend).backend.devices():
        with pf.Session(backend, pf.get_default_graph(), device) as session:
            found = [ran(session, y, {x: [[1, 0, 0], [0, 1, 1]]}) for _ in range(2)]
        assert found == [[[2.0], [7.0]], [[3.0], [9.0]]], f"{device}: {found}"


def what_was_made_on_a_device_can_be_fed_there(backend: Any) -> None:
    x, w = pf.placeholder("float32", (2,)), pf.Variable([1.0, 2.0])
    for device in pf.Session(backend).backend.devices():
        with pf.Session(backend, x.graph, device) as session:
            given = [session.run(w), pf.eager(backend, device, seed=0).ones((2,)).value]
            found = [ran(session, x * 3.0, {x: each}) for each in given]
            many = session.backend.to_literal(session.run_many(x * 2.0, [{x: [n, 0]} for n in (1, 2)])).tolist()
        assert found == [[3.0, 6.0], [3.0, 3.0]], f"{device}: {found}"
        assert many == [[2.0, 0.0], [4.0, 0.0]], f"{device}: {many}"


def what_is_fed_from_another_device_is_moved(backend: Any) -> None:
    x = pf.placeholder("float32", (2,))
    y = x * 2.0 + [1.0, 1.0]
    library = pf.Session(backend).backend
    for first in library.devices():
        for second in library.devices():
            with pf.Session(backend, x.graph, second) as session:
                fed = library.to_device(library.from_literal(array("float32", (2,), [1.0, 2.0]), first), second)
                assert ran(session, y, {x: fed}) == [3.0, 5.0], f"from {first} to {second}"


def an_unknown_device_is_refused(backend: Any) -> None:
    name = pf.Session(backend).backend.name
    text = f"backend {name!r} has no device 'nowhere:7'"
    refused(pf.errors.BackendError, text, lambda: pf.Session(backend, device="nowhere:7"))


def a_copy_has_memory_of_its_own(backend: Any) -> None:
    library = pf.Session(backend).backend
    original = library.copy(library.from_literal(array("float32", (2,), [1.0, 2.0]), library.devices()[0]))
    copy = library.copy(original)
    try:
        original[...] = library.from_literal(array("float32", (2,), [8.0, 9.0]), library.devices()[0])
    except Exception:  # arrays that never change may share what they like
        return
    assert library.to_literal(copy).tolist() == [1.0, 2.0], library.to_literal(copy).tolist()


def a_copy_changes_no_bit(backend: Any) -> None:
    library = pf.Session(backend).backend
    for dtype in library.dtypes:
        value = special_array(dtype)
        copy = library.copy(library.from_literal(value, library.devices()[0]))
        assert library.type_of(copy) == value.type, f"{library.type_of(copy)}, not {value.type}"
        assert library.to_literal(copy).data == value.data, f"{library.to_literal(copy).tolist()}, not {value.tolist()}"


def what_a_user_keeps_is_guarded(backend: Any) -> None:
    library = pf.Session(backend).backend
    for dtype in library.dtypes:
        value = special_array(dtype)
        kept = library.guard(library.from_literal(value, library.devices()[0]))
        assert library.type_of(kept) == value.type, library.type_of(kept)
        assert library.to_literal(kept).data == value.data, f"{library.to_literal(kept).tolist()}, not {value.tolist()}"


def things_that_are_no_arrays_have_no_type(backend: Any) -> None:
    library = pf.Session(backend).backend
    for thing in (None, "text", 1, 2.0, [1.0], object()):
        assert library.type_of(thing) is None, f"{thing!r}: {library.type_of(thing)}"


def results_are_arrays_that_can_be_fed_again(backend: Any) -> None:
    x = pf.placeholder("float32", (2,))
    outputs = [x + 1.0, pf.sum(x), x > 1.5, pf.argmax(x)]
    with pf.Session(backend) as session:
        found = session.run(outputs, {x: [1.0, 2.0]})
        for tensor, value in zip(outputs, found, strict=True):
            assert session.backend.type_of(value) == tensor.type, f"{session.backend.type_of(value)}: {tensor.type}"
        assert ran(session, x * 2.0, {x: found[0]}) == [4.0, 6.0]


def results_can_be_taken_over_by_dlpack(backend: Any) -> None:
    with pf.Session(backend) as session:
        found = session.backend.export(session.run(pf.constant([1.0, 2.0]) * 2.0))
    assert hasattr(found, "__dlpack__"), f"{type(found).__name__} has no __dlpack__"
    assert len(found.__dlpack_device__()) == 2, found.__dlpack_device__()
    with pf.Session("reference") as other:
        taken = ran(other, pf.placeholder("float32", (2,), name="taken") * 1.0, {"taken": found})
    assert taken == [2.0, 4.0], taken


PROBES = (
    every_dtype_comes_back_from_every_device, a_move_to_a_device_changes_no_bit,
    a_program_gives_the_same_on_every_device, what_was_made_on_a_device_can_be_fed_there,
    what_is_fed_from_another_device_is_moved, an_unknown_device_is_refused,
    a_copy_has_memory_of_its_own, a_copy_changes_no_bit, what_a_user_keeps_is_guarded,
    things_that_are_no_arrays_have_no_type,
    results_are_arrays_that_can_be_fed_again, results_can_be_taken_over_by_dlpack,
)  # fmt: skip
