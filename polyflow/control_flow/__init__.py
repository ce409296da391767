"""Branches, loops and what they are made of."""

CONSTRUCTS = (
    "polyflow.control_flow.structured",
    "polyflow.control_flow.loop_gradient",
    "polyflow.control_flow.branch_gradient",
    "polyflow.control_flow.batching",
    "polyflow.control_flow.conditional",
    "polyflow.control_flow.while_loops",
    "polyflow.control_flow.scanning",
    "polyflow.control_flow.rooms",
    "polyflow.control_flow.rows",
    "polyflow.control_flow.checkpointing",
    "polyflow.control_flow.primitives",
)
"""The modules that declare ops."""

RULES = (
    "polyflow.control_flow.loop_gradient",
    "polyflow.control_flow.branch_gradient",
    "polyflow.control_flow.batching",
)
"""Those that hang rules on ops of another module: none of these ops may be looked at before they are loaded."""
