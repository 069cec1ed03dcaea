"""``python -m lockhouse`` is the command line."""

import sys

from lockhouse.command_line import main

if __name__ == "__main__":
    sys.exit(main())
