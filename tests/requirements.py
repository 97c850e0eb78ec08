"""What a test needs from the machine. Absent: the test is skipped with the reason; on CI it fails, so that nothing goes untested."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

CHROMIUM_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
"""For a browser that asks nobody anything: every request it makes is one the page caused."""


def require(available: bool, reason: str) -> None:
    """Goes on when `available`; otherwise skips the test with `reason`, or fails it where `CI` is set."""
    if available:
        return
    if os.environ.get("CI"):
        pytest.fail(f"{reason} (required, because CI is set)")
    pytest.skip(reason)


def require_program(*names: str) -> str:
    """The path of the first of these programs that is installed; otherwise as `require`."""
    for name in names:
        found = shutil.which(name)
        if found is not None:
            return found
    require(False, f"{' or '.join(names)} is not installed")
    raise AssertionError("require does not return here")


def require_module(name: str) -> None:
    """Goes on when the Python module can be imported; otherwise as `require`."""
    try:
        __import__(name)
    except ImportError as error:
        require(False, f"the Python module {name} is not installed: {error}")


def require_root() -> None:
    """Goes on when the test runs as root; otherwise as `require`."""
    require(hasattr(os, "geteuid") and os.geteuid() == 0, "this test must run as root")


def chromium() -> Path:
    """The installed Chromium (Debian's package `chromium`), for playwright's `executable_path`; otherwise as `require`."""
    require_module("playwright.sync_api")
    return Path(require_program("chromium", "chromium-browser", "google-chrome"))
