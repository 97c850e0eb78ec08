"""The wheel, installed alone in an empty environment, can do everything the checkout can."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.program import environment
from tests.requirements import require, require_module

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT_SECONDS = 900

DATA = {
    "policies": "secaudit/_data/policies",
    "rulesets": "secaudit/_data/rulesets",
    "reports/templates": "secaudit/_data/reports/templates",
    "examples": "secaudit/_data/examples",
}
CODE_ENDINGS = {".py", ".json", ".toml", ".yaml", ".typed"}


@dataclass(frozen=True, slots=True)
class Installed:
    """The program in an environment of its own, run from a folder that is not the checkout."""

    folder: Path
    program: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs it."""
        return subprocess.run(
            [self.program, *arguments],
            cwd=self.folder,
            env=environment(PYTHONPATH=None, VIRTUAL_ENV=None),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=TIMEOUT_SECONDS,
            check=False,
        )


@pytest.fixture(scope="module")
def index() -> None:
    """A package index that has the build tools."""
    asked = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "hatchling"]
    answered = subprocess.run(asked, capture_output=True, timeout=TIMEOUT_SECONDS, check=False)
    require(answered.returncode == 0, "there is no package index to install from")


@pytest.fixture(scope="module")
def wheel(index: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    require_module("build")
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(out), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = out.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel in a fresh environment, with what it says it needs and nothing else."""
    folder = tmp_path_factory.mktemp("alone")
    venv.create(folder / "venv", with_pip=True)
    scripts = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
    pip = [scripts / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, str(wheel)], check=True, timeout=TIMEOUT_SECONDS)
    elsewhere = folder / "別の フォルダ"
    elsewhere.mkdir()
    return Installed(elsewhere, scripts / "secaudit")


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def shipped(folder: Path) -> set[str]:
    """The files of a folder of the checkout that belong into the wheel, relative to it."""
    return {
        one.relative_to(folder).as_posix()
        for one in folder.rglob("*")
        if one.is_file() and "__pycache__" not in one.parts and one.suffix != ".pyc" and not one.name.startswith(".git")
    }


@pytest.mark.parametrize("folder", sorted(DATA))
def test_data_is_in_the_wheel(folder: str, wheel: Path) -> None:
    wanted = shipped(ROOT / folder)
    assert wanted, f"{folder}/ is empty"
    assert {f"{DATA[folder]}/{name}" for name in wanted} <= names_in(wheel)


def test_the_package_is_whole(wheel: Path) -> None:
    """Modules, schemas, and the data files of vendors and texts."""
    wanted = {f"secaudit/{name}" for name in shipped(ROOT / "secaudit") if Path(name).suffix in CODE_ENDINGS}
    names = names_in(wheel)
    assert wanted <= names, wanted - names
    for example in (
        "secaudit/py.typed",
        "secaudit/schemas/result.schema.json",
        "secaudit/vendors/vendor_clues.json",
        "secaudit/vendors/fortios/services.json",
        "secaudit/vendors/yamaha/data/irrelevant.toml",
        "secaudit/text/secret_patterns.json",
        "secaudit/municipality/template.yaml",
    ):
        assert example in names


def test_nothing_else_is_in_the_wheel(wheel: Path) -> None:
    strange = {name for name in names_in(wheel) if not name.startswith("secaudit/") and ".dist-info/" not in name}
    assert not strange
    assert not {name for name in names_in(wheel) if "__pycache__" in name or "/tests/" in name}


def test_the_checkout_is_not_what_runs(installed: Installed) -> None:
    code = "import secaudit; print(secaudit.__file__)"
    python = installed.program.parent / "python"
    done = subprocess.run(
        [python, "-c", code],
        cwd=installed.folder,
        capture_output=True,
        text=True,
        check=True,
        env=environment(PYTHONPATH=None),
    )
    assert not Path(done.stdout.strip()).is_relative_to(ROOT)


@pytest.mark.parametrize(("sample", "fails"), [("midori-town", True), ("aozora-city", False)])
def test_demo(sample: str, fails: bool, installed: Installed) -> None:
    done = installed.run("demo", "--sample", sample, "--out", f"{sample} demo")
    assert (done.returncode, done.stderr) == (0, "")
    report = installed.folder / f"{sample} demo" / f"{sample}-report" / "report.html"
    assert done.stdout.splitlines()[-1].endswith(f"{sample}-report/report.html")
    assert "令和8年11月20日" in report.read_text(encoding="utf-8"), "the day of the sample, whatever day it is"
    assert ("[重大]" in done.stdout) is fails


def test_the_copied_sample_can_be_edited_and_audited(installed: Installed) -> None:
    installed.run("demo", "--out", "mine")
    copy = installed.folder / "mine" / "midori-town" / "municipality.yaml"
    copy.write_text(copy.read_text(encoding="utf-8") + "# 追記\n", encoding="utf-8")
    done = installed.run("audit", "mine/midori-town", "--out", "mine out", "--as-of", "2026-10-01")
    assert (done.returncode, done.stderr) == (1, "")


def test_rules_and_schemas(installed: Installed) -> None:
    done = installed.run("rules", "list")
    assert (done.returncode, done.stderr) == (0, "")
    assert {"MN-01", "LG-01", "OWN-02"} <= {line.split()[0] for line in done.stdout.splitlines()}
    done = installed.run("schema", "result")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (ROOT / "secaudit/schemas/result.schema.json").read_text(encoding="utf-8")


def test_init(installed: Installed) -> None:
    done = installed.run("init", "新しい")
    assert (done.returncode, done.stderr) == (0, "")
    assert (installed.folder / "新しい" / "municipality.yaml").is_file()
