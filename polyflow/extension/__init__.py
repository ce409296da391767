"""Contracts for outsiders: what a plugin implements, imports and hands over."""

from polyflow.extension.backend import Backend, BackendEntry, CompileRequest, Kernel, KernelTable, NamespaceBackend
from polyflow.extension.capabilities import Capabilities
from polyflow.extension.command import Command
from polyflow.extension.hookspecs import hookimpl
from polyflow.extension.passes import Pass, PassContext

__all__ = [
    "Backend",
    "BackendEntry",
    "Capabilities",
    "Command",
    "CompileRequest",
    "Kernel",
    "KernelTable",
    "NamespaceBackend",
    "Pass",
    "PassContext",
    "hookimpl",
]
