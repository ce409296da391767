"""From what a check found to a result: a failure with its script, or what the backend declares that it cannot do."""

from __future__ import annotations

from functools import partial

from polyflow.errors import DTypeError, KernelError
from polyflow.extension import Backend
from polyflow.extension.capabilities import capabilities_of
from polyflow_conformance.cases import Case
from polyflow_conformance.results import WRONG, NotSupported, Result, refused
from polyflow_conformance.snippets import case_script


def case_result(case: Case, check: str, backend: Backend, failure: str | BaseException | None) -> Result:
    """The result of a check of a case: ``failure`` is a text, or the error that the backend raised."""
    op = case.op.full_name
    if failure is None:
        return Result(check, op, case.id)
    lacking = missing_capability(failure, backend) if isinstance(failure, BaseException) else None
    if lacking is not None:
        return Result(check, op, case.id, reason=lacking)
    text = refused(failure) if isinstance(failure, BaseException) else failure
    script = partial(case_script, case, check, backend.name, text)
    return Result(check, op, case.id, text, exception=exception_of(failure), script=script)


def exception_of(failure: object) -> str:
    """The name by which ``conformance.toml`` knows the failure."""
    return type(failure).__name__ if isinstance(failure, BaseException) else WRONG


def missing_capability(error: BaseException, backend: Backend) -> str | None:
    """What ``error`` says is lacking, if the backend declares that it lacks it; ``None`` for a failure."""
    if isinstance(error, NotSupported):
        return str(error)
    capabilities = capabilities_of(backend)
    if isinstance(error, KernelError) and error.ops:
        if "has no shapes that depend on data" in str(error):
            return None if capabilities.dynamic_shapes else "no shapes that depend on data"
        declared = [each for each in error.ops if capabilities.lacks(each) or not capabilities.is_complete]
        if len(declared) == len(error.ops):
            return f"no kernel for {', '.join(error.ops)}"
    prefix = f"backend {backend.name!r} has no dtype "
    if isinstance(error, DTypeError) and str(error).startswith(prefix):
        return "no dtype " + str(error).removeprefix(prefix).split()[0].rstrip(",")
    return None
