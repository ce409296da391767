"""Probes of devices: arrays go there and come back as they were, and programs give the same on each."""

from __future__ import annotations

from typing import Any

import polyflow as pf
from polyflow_conformance.replay import array, buffers, ran, refused, special_array, suppress


def no_way_of_an_array_changes_a_bit(backend: Any) -> None:
    """To a device, to another, back, and into the hands of a user."""
    library = pf.Session(backend).backend
    for first in library.devices():
        for dtype in library.dtypes:
            value = special_array(dtype)
            there = library.from_literal(value, first)
            ways = {f"to {second}": library.to_device(there, second) for second in library.devices()}
            for way, found in {"there": there, "guarded": library.guard(there), **ways}.items():
                assert library.type_of(found) == value.type, f"{first}, {way}: {library.type_of(found)}, {value.type}"
                back = library.to_literal(found)
                assert back.data == value.data, f"{first}, {way}: {back.tolist()} instead of {value.tolist()}"


def a_program_gives_the_same_on_every_device(backend: Any) -> None:
    x, w = pf.placeholder("float32", (2, 3)), pf.Variable([[1.0], [2.0], [3.0]])
    y = pf.matmul(x, w.assign_add([[1.0], [1.0], [1.0]]))
    for device in pf.Session(backend).backend.devices():
        with pf.Session(backend, pf.get_default_graph(), device) as session:
            found = [ran(session, y, {x: [[1, 0, 0], [0, 1, 1]]}) for _ in range(2)]
        assert found == [[[2.0], [7.0]], [[3.0], [9.0]]], f"{device}: {found}"


def what_was_made_on_a_device_can_be_fed_there(backend: Any) -> None:
    x = pf.placeholder("float32", (2,))
    outputs = [x + 1.0, pf.sum(x), x > 1.5, pf.argmax(x)]
    for device in pf.Session(backend).backend.devices():
        with pf.Session(backend, x.graph, device) as session:
            made = session.run(outputs, {x: [1.0, 2.0]})
            for tensor, value in zip(outputs, made, strict=True):
                assert session.backend.type_of(value) == tensor.type, f"{session.backend.type_of(value)}: {tensor}"
                again = ran(session, pf.identity(tensor), {tensor: value})
                assert again == session.backend.to_literal(value).tolist(), f"{tensor}: {again}"
            given = [made[0], pf.eager(backend, device, seed=0).ones((2,)).value]
            found = [ran(session, x * 3.0, {x: each}) for each in given]
        assert found == [[6.0, 9.0], [3.0, 3.0]], f"{device}: {found}"


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


def a_copy_has_the_same_bits_in_memory_of_its_own(backend: Any) -> None:
    library = pf.Session(backend).backend
    first = library.devices()[0]
    for dtype in library.dtypes:
        for value in (special_array(dtype), array(dtype.name, (), [1])):
            original = library.copy(library.from_literal(value, first))
            kept = library.copy(original)
            assert library.type_of(kept) == value.type, f"{library.type_of(kept)}, not {value.type}"
            with suppress(Exception):  # arrays that never change may share what they like
                original[...] = library.from_literal(array(dtype.name, value.shape, [0] * value.size), first)
            found = library.to_literal(kept)
            assert found.data == value.data, f"{found.tolist()}, not {value.tolist()}"


def things_that_are_no_arrays_have_no_type(backend: Any) -> None:
    library = pf.Session(backend).backend
    for thing in (None, "text", 1, 2.0, [1.0], object()):
        assert library.type_of(thing) is None, f"{thing!r}: {library.type_of(thing)}"


def what_is_made_like_an_array_has_its_type(backend: Any) -> None:
    with pf.Session(backend) as session:
        likes = [pf.placeholder(each, (2, 0)) for each in sorted(session.backend.dtypes, key=str)]
        made = [(like, make(like)) for like in likes for make in (pf.empty_like, pf.zeros_like, pf.ones_like)]
        feeds = {
            each: session.backend.from_literal(array(str(each.dtype), (2, 0), []), session.device) for each in likes
        }
        for (like, result), found in zip(made, session.run([result for _, result in made], feeds), strict=True):
            type_ = session.backend.type_of(found)
            assert str(type_) == str(like.type), f"{result.operation.op}: {type_} of {like.type}"


def a_large_array_is_worked_on_to_its_end(backend: Any) -> None:
    """Where pieces of it are taken one after the other, none is left out."""
    count = 300_001
    x = pf.placeholder("float32", (count,))
    with pf.Session(backend) as session:
        fed = session.backend.from_literal(array("float32", (count,), range(count)), session.device)
        found = session.backend.to_literal(session.run(pf.maximum(x * 0.5 - 1.0, 3.0) + x, {x: fed}))
    expected = array("float32", (count,), [max(each * 0.5 - 1.0, 3.0) + each for each in range(count)])
    assert found.data == expected.data, f"{found.data[-16:]!r} at the end instead of {expected.data[-16:]!r}"


def an_array_that_was_fed_can_be_filled_anew(backend: Any) -> None:
    for count in (100, 300_001):  # small ones may be copied, of large ones memory may be read late
        x, total = pf.placeholder("float32", (count,)), pf.Variable(0.0)
        fetches = [x if count == 100 else x[:3], total.assign_add(pf.max(pf.sqrt(x * x))).operation]
        for fed in buffers(backend, count):
            with pf.Session(backend, x.graph) as session:
                prepared, kept = session.prepare(fetches, [x]), []
                for batch in (1.0, 2.0, 4.0, 8.0, 16.0, 32.0):
                    fed[...] = batch
                    kept.append((prepared(fed) if batch == 32.0 else session.run(fetches, {x: fed}))[0])
                fed[...] = 1000.0
                found = [session.backend.to_literal(each[2]).tolist() for each in kept], ran(session, total)
            assert found == ([1.0, 2.0, 4.0, 8.0, 16.0, 32.0], 63.0), found


def results_can_be_taken_over_by_dlpack(backend: Any) -> None:
    with pf.Session(backend) as session:
        found = session.backend.export(session.run(pf.constant([1.0, 2.0]) * 2.0))
    assert hasattr(found, "__dlpack__"), f"{type(found).__name__} has no __dlpack__"
    assert len(found.__dlpack_device__()) == 2, found.__dlpack_device__()
    with pf.Session("reference") as other:
        taken = ran(other, pf.placeholder("float32", (2,), name="taken") * 1.0, {"taken": found})
    assert taken == [2.0, 4.0], taken


PROBES = (
    no_way_of_an_array_changes_a_bit, a_program_gives_the_same_on_every_device,
    what_was_made_on_a_device_can_be_fed_there, what_is_fed_from_another_device_is_moved, an_unknown_device_is_refused,
    a_copy_has_the_same_bits_in_memory_of_its_own, things_that_are_no_arrays_have_no_type,
    what_is_made_like_an_array_has_its_type, a_large_array_is_worked_on_to_its_end,
    an_array_that_was_fed_can_be_filled_anew, results_can_be_taken_over_by_dlpack,
)  # fmt: skip
