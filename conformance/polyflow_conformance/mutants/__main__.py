"""``python -m polyflow_conformance.mutants``: the command ``polyflow mutants``."""

from __future__ import annotations

import argparse
import sys

from polyflow_conformance.mutants.command import add_arguments, run

if __name__ == "__main__":
    parser = argparse.ArgumentParser("polyflow mutants", description="prove that the kit finds planted faults")
    add_arguments(parser)
    sys.exit(run(parser.parse_args()))
