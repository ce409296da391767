"""``python -m polyflow``: the command ``polyflow`` without an installed script."""

import sys

from polyflow.tools.command_line import main

sys.exit(main())
