"""What the program loads before it works: `--help` must be quick, and only a command that needs scapy, or any large library, gets it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from secaudit.cli.main import COMMANDS
from tests.cli.program import TIMEOUT_SECONDS, environment

LARGE = (
    "scapy",
    "jsonschema",
    "yaml",
    "jinja2",
    "nmap",
    "defusedxml",
    "rich",
    "secaudit.flows",
    "secaudit.vendors",
    "secaudit.report",
)


def loaded_by(code: str, *arguments: str) -> set[str]:
    """The modules that are loaded at the end of a program of its own."""
    listing = (
        "import atexit, json, sys\natexit.register(lambda: sys.stderr.write('\\n' + json.dumps(sorted(sys.modules))))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", listing + code, *arguments],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done
    return set(json.loads(done.stderr.splitlines()[-1]))


def large(modules: set[str]) -> set[str]:
    """Of these, the large ones and their parts."""
    return {name for name in modules if any(name == one or name.startswith(f"{one}.") for one in LARGE)}


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("--lang", "en", "-h")], ids=" ".join)
def test_help_loads_nothing_large(arguments: tuple[str, ...]) -> None:
    modules = loaded_by("from secaudit.cli.main import main\nmain()", *arguments)
    assert "secaudit.cli.main" in modules
    assert not large(modules)
    assert not {name for name in modules if name.startswith("secaudit.cli.") and name.rpartition(".")[2] in COMMANDS}


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_the_help_of_a_command_loads_nothing_large(command: str) -> None:
    modules = loaded_by("from secaudit.cli.main import main\nmain()", command, "--help")
    assert f"secaudit.cli.{COMMANDS[command][0]}" in modules
    assert not large(modules)


def test_no_module_of_the_command_line_loads_anything_large() -> None:
    names = sorted(
        {f"secaudit.cli.{module}" for module, _ in COMMANDS.values()} | {"secaudit.__main__", "secaudit.cli.crash"}
    )
    modules = loaded_by("import importlib\nfor name in sys.argv[1:]: importlib.import_module(name)", *names)
    assert set(names) <= modules
    assert not large(modules)


@pytest.mark.parametrize(
    "arguments",
    [("rules", "list"), ("schema", "result"), ("trace", "--help")],
    ids=" ".join,
)
def test_commands_that_send_nothing_never_load_scapy_or_nmap(arguments: tuple[str, ...]) -> None:
    modules = loaded_by("from secaudit.cli.main import main\nmain()", *arguments)
    assert not {name for name in modules if name.partition(".")[0] in ("scapy", "nmap")}


def test_an_audit_opens_no_socket_and_loads_no_scapy() -> None:
    """Whatever an audit imports on its way, at import time none of it is scapy."""
    code = "import importlib\nfor name in ('secaudit.audit.run', 'secaudit.report.html', 'secaudit.audit.flow_query'): importlib.import_module(name)"
    assert not {name for name in loaded_by(code) if name.partition(".")[0] == "scapy"}


def test_only_the_reader_of_the_vendor_is_loaded() -> None:
    """Every vendor is asked whether a text is its own; what reads one is loaded when it is."""
    code = (
        "from secaudit.text.decoding import config_text_from_bytes\n"
        "from secaudit.vendors.registry import find_tables, read_config\n"
        "text = config_text_from_bytes(b'# RTX1210 Rev.14.01.42\\nip lan1 address 192.0.2.1/24\\nip filter 1 pass * *\\n', 'a')\n"
        "assert read_config(text).vendor == 'yamaha'\n"
        "find_tables(text)"
    )
    readers = {name for name in loaded_by(code) if name.startswith("secaudit.vendors.") and name.endswith(".reader")}
    assert readers - {"secaudit.vendors.reader"} == {"secaudit.vendors.yamaha.reader"}
