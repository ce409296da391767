"""The primitives of dataflow graphs, under TensorFlow 1's names: loops and branches wired by hand.

>>> import polyflow as pf
>>> flow = pf.dataflow
>>> n = pf.placeholder("int64", (), name="n")
>>> i_again, sum_again = flow.back_edge("int64", ()), flow.back_edge("int64", ())
>>> i = flow.merge([flow.enter(pf.constant(0), frame_name="sum"), i_again]).output
>>> total = flow.merge([flow.enter(pf.constant(0), frame_name="sum"), sum_again]).output
>>> goes_on = flow.loop_cond(i < flow.enter(n, frame_name="sum", is_constant=True))
>>> _, i_go = flow.switch(i, goes_on)
>>> total_done, total_go = flow.switch(total, goes_on)
>>> i_again.bind(flow.next_iteration(i_go + 1))
>>> sum_again.bind(flow.next_iteration(total_go + i_go))
>>> pf.Session("numpy").run(flow.exit(total_done), {n: 5}).tolist()
10

They are run by the dataflow executor, which a session chooses for graphs that have them. ``cond`` and ``while_loop``
are made of the same parts, run under every executor, and have gradients.
"""

from polyflow.control_flow.primitives import BackEdge, back_edge, enter, loop_cond, merge, next_iteration, switch
from polyflow.control_flow.primitives import exit_op as exit

__all__ = ["BackEdge", "back_edge", "enter", "exit", "loop_cond", "merge", "next_iteration", "switch"]
