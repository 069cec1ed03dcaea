"""What scripts share that look for a program of somebody else's and install it where there is none."""

import os
import shutil
import subprocess
import sys


def done(command: list[str], *, seconds: float) -> bool:
    """Run *command* quietly and return whether it ended well and in time."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        ended = subprocess.run(command, check=False, capture_output=True, timeout=seconds, env=environment)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return ended.returncode == 0


def installed_by_debian(*packages: str, seconds: float) -> bool:
    """Install Debian's *packages* where we are root; return whether that went well, within *seconds*."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    note(f"installing Debian's {packages[0]}")
    done(["apt-get", "update", "-qq"], seconds=180)
    return done(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], seconds=seconds)


def note(text: str) -> None:
    """Say on standard error what takes time; standard output carries only the answer."""
    print(f"· {text}", file=sys.stderr, flush=True)


def fail(*lines: str) -> int:
    """Say what is wrong, and return the exit status for it."""
    print("\n  ".join(("✗ " + lines[0], *lines[1:])), file=sys.stderr)
    return 1
