"""A limit for the memory of a program: passes, and what has to be computed anew so that the limit is kept.

Values are chosen before operations are fused, so that what is computed anew is fused with what reads it; what counts is
the peak of the program that comes out in the end.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from polyflow.core.declaration import Op
from polyflow.core.nested import every_operation
from polyflow.core.printer import format_operation
from polyflow.core.program import Program
from polyflow.core.tensor import Operation, Tensor
from polyflow.core.verifier import verify
from polyflow.errors import ResourceExhaustedError, ValueRangeError, message
from polyflow.extension.passes import STAGES, Pass, PassContext
from polyflow.passes.liveness import Liveness, bytes_of
from polyflow.passes.pipeline import Step, run_passes
from polyflow.passes.rematerialisation import Remade, rematerialised

TRIES = 3
"""How often values are chosen for a lower peak, where fusion has raised it."""
SEARCHED = 6
"""Limits that are tried for the message of an error, which names one that can be kept."""
SHOWN = 12
"""Operations computed anew that are listed by name."""
LISTED = 5
"""Values alive that an error lists."""
_FUSE = STAGES.index("fuse")
_UNITS = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_UNITS |= {"kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}


def as_bytes(limit: int | str | None) -> int | None:
    """A number of bytes, or text such as ``"512 MiB"`` or ``"1.5GB"``, as a number of bytes.

    Raises ``ValueRangeError`` for anything else, and for what is not above 0.

    >>> as_bytes("512 KiB"), as_bytes("1.5 GB"), as_bytes(4096), as_bytes(None)
    (524288, 1500000000, 4096, None)
    """
    if limit is None:
        return None
    found = limit
    if isinstance(limit, str):
        parts = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", limit)
        unit = _UNITS.get((parts[2] or "b").lower()) if parts else None
        found = int(float(parts[1]) * unit) if parts and unit else limit
    if isinstance(found, bool) or not isinstance(found, int) or found <= 0:
        needed = "bytes above 0, as in 2**30 or '512 MiB', or None for no limit"
        raise ValueRangeError(message("memory_limit is no amount of memory", found=repr(limit), needed=needed))
    return found


def run_within(
    limit: int | None,
    program: Program,
    passes: Sequence[Pass],
    context: PassContext,
    call: Op,
    *,
    check: bool = False,
) -> tuple[Program, list[Step], list[str]]:
    """The program after ``passes``, with at most ``limit`` bytes alive; what each pass did; a word on the memory.

    For a backend that compiles, what is computed anew is put inside of ``call``.

    Raises ``ResourceExhaustedError`` where the limit cannot be kept.
    """
    if limit is None:
        return *run_passes(program, passes, context, check=check), []
    first = [each for each in passes if STAGES.index(each.stage) < _FUSE]
    fusing = [each for each in passes if STAGES.index(each.stage) >= _FUSE]
    lowering = [each for each in fusing if STAGES.index(each.stage) > _FUSE]
    program, before = run_passes(program, first, context, check=check)
    found, after = run_passes(program, fusing, context, check=check)
    life = Liveness(found)
    plain = life.peak
    if plain <= limit:
        return found, before + after, [f"{_within(limit, life)}, nothing computed anew"]
    around = call if context.is_compiled else None
    goal, rest = limit, fusing
    for number in range(TRIES + 1):
        if number == TRIES:
            goal, rest = limit, lowering  # what fusion holds together cannot be freed one by one
        made = rematerialised(program, goal, around)
        if check:
            verify(made.program)
        found, after = run_passes(made.program, rest, context, check=check)
        now = Liveness(found)
        if now.peak <= limit:
            step = Step("rematerialisation", len(program), len(made.program))
            notes = _notes(limit, plain, now, made, program)
            if rest is not fusing:
                notes.append("  nothing is fused, since what is fused is held in memory together")
            return found, [*before, step, *after], notes
        life = min(life, now, key=lambda each: each.peak)
        goal = max(goal - now.peak + limit, 1)
    raise _exceeded(limit, plain, life, _possible(program, limit, plain, around))


def _possible(program: Program, limit: int, plain: int, call: Op | None) -> int:
    """About the least limit that can be kept for ``program``, which runs in ``plain`` bytes and not in ``limit``."""
    for _ in range(SEARCHED):
        middle = (limit + plain) // 2
        if rematerialised(program, middle, call).peak <= middle:
            plain = middle
        else:
            limit = middle
    return plain


def _within(limit: int, life: Liveness) -> str:
    return f"memory limit {_size(limit)}: planned peak {_size(life.peak)}"


def _notes(limit: int, plain: int, life: Liveness, made: Remade, program: Program) -> list[str]:
    """What was computed anew for the sake of the limit."""
    operations = "1 operation" if len(made.anew) == 1 else f"{len(made.anew)} operations"
    peaks = f"{_within(limit, life)} with {operations} computed anew (of {len(program)}), {_size(plain)} without"
    notes = [f"{peaks}; {_size(_lasting(life))} of either are parameters and constants"]
    unknown = sum(None in x.type.known_shape for each in every_operation(program) for x in each.outputs)
    if unknown:
        notes.append(f"  {unknown} values whose size depends on data are not counted")
    times = Counter(made.anew)
    for each, often in times.most_common(SHOWN):
        notes.append(f"  {each.name} ({each.op.full_name}) {_often(often)}, built at {each.location}")
    if len(times) > SHOWN:
        fewest = min(often for _, often in times.most_common(SHOWN))
        notes.append(f"  and {len(times) - SHOWN} others, each at most {_often(fewest)}")
    return notes


def _often(count: int) -> str:
    return "once more" if count == 1 else f"{count} times more"


def _exceeded(limit: int, plain: int, life: Liveness, possible: int) -> ResourceExhaustedError:
    """The error of a limit that cannot be kept: what is alive at the peak, and where it was built."""
    place = life.profile.index(life.peak)
    operations = life.program.operations
    reader = operations[place] if place < len(operations) else None
    alive = "".join(f"\n           {_described(each)}" for each in life.alive(place)[:LISTED])
    without = "" if life.peak == plain else f" ({_size(plain)} with nothing computed anew)"
    return ResourceExhaustedError(
        message(
            "the memory limit of the session cannot be kept, not by computing values anew either",
            operand="the results" if reader is None else _shortened(format_operation(reader)),
            found=f"a planned peak of {_size(life.peak)}{without}, of which parameters and constants are "
            f"{_size(_lasting(life))}; the largest there:{alive}",
            needed=f"at most {_size(limit)}: memory_limit={limit}",
            where=None if reader is None else reader.location,
            remedy=f"memory_limit={possible} ({_size(possible)}), smaller batches, or checkpoint=True for a loop",
        )
    )


def _described(tensor: Tensor) -> str:
    operation: Operation = tensor.operation
    return f"{tensor.name}: {tensor.type}, {_size(bytes_of(tensor.type))}, built at {operation.location}"


def _shortened(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:200]}..."


def _lasting(life: Liveness) -> int:
    return sum(bytes_of(each.type) for each in life.lasting)


def _size(count: int) -> str:
    for unit, size in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"
