#!/usr/bin/env python3
"""Start the whole site on this machine, or run its tests.

    python3 run.py [--port N]              install what is missing, then start everything
    python3 run.py test [pytest options]   run every test on throw-away servers

Only the standard library is used, and this file keeps to grammar that old interpreters read too, so that they
can say what is wrong. What it does is in launch/.
"""

import os
import sys

if __name__ == "__main__":
    if os.name == "nt":
        sys.exit("Windows is not supported: run it on Linux or macOS, or inside WSL (https://aka.ms/wsl).")
    if sys.version_info < (3, 11):
        sys.exit(
            "Python 3.11 or newer is needed and this is %d.%d: install a newer one and start this file with it, "
            "for example python3.11 run.py." % tuple(sys.version_info)[:2]
        )
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    from launch.cli import main

    sys.exit(main(sys.argv[1:]))
