"""Branches, loops and what they are made of."""

DATAFLOW = "dataflow"
"""The namespace of the ops that users wire loops and branches from: only the dataflow executor runs them."""

CONSTRUCTS = (
    "polyflow.control_flow.structured",
    "polyflow.control_flow.conditional",
    "polyflow.control_flow.while_loops",
    "polyflow.control_flow.scanning",
    "polyflow.control_flow.rooms",
    "polyflow.control_flow.rows",
    "polyflow.control_flow.checkpointing",
    "polyflow.control_flow.primitives",
)
"""The modules that declare ops."""
