"""The kit's programs with control flow of every kind, by name, and the point at which they are tried here."""

from __future__ import annotations

import numpy as np
from polyflow_conformance.control_programs import CONTROL

POINT = np.asarray([0.6, -0.4, 1.3, 0.9])
PROGRAMS = {each.__name__: each for each in CONTROL}
