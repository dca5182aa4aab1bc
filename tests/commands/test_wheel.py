"""The wheel carries its data, and runs where the checkout is not."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from places import ROOT

BUNDLE = ("recording.jsonl", "results.json", "index.html", "junit.xml", "summary.md")
UNREACHABLE = ("NewConnectionError", "ConnectTimeout", "ReadTimeout", "ProxyError", "No matching distribution found")

pytestmark = pytest.mark.wheel


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command away from the checkout: nothing of its environment leads back here."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "PYTEST", "COV"))}
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    built = run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, ROOT, cwd=out)
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = out.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts folder of an empty environment into which the wheel, and nothing else of ours, was installed."""
    home = tmp_path_factory.mktemp("elsewhere")
    venv.create(home / "env", with_pip=True)
    scripts = home / "env" / ("Scripts" if os.name == "nt" else "bin")
    pins = ROOT / "constraints" / "dev.txt"
    pip = run(scripts / "python", "-m", "pip", "install", "-qq", "--constraint", pins, wheel, cwd=home)
    if pip.returncode and any(word in pip.stderr for word in UNREACHABLE):
        pytest.skip("the package registry cannot be reached, so the wheel's dependencies cannot be installed")
    assert pip.returncode == 0, pip.stderr
    return scripts


@pytest.mark.parametrize("folder", ["schemas", "suites"])
def test_data_folder_is_carried_whole(wheel: Path, folder: str) -> None:
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith(f"conformance/_data/{folder}/")}
    files = (path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    assert inside == {f"conformance/_data/{path.relative_to(ROOT).as_posix()}" for path in files}


def test_templates_and_types_are_carried(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    templates = {
        path.relative_to(ROOT).as_posix() for path in (ROOT / "conformance/report/formats/html/templates").iterdir()
    }
    assert templates
    assert templates | {"conformance/py.typed"} <= inside


def test_nothing_but_the_package_is_carried(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"conformance"}


def test_installed_command_runs_elsewhere(installed: Path, tmp_path: Path) -> None:
    ran = run(installed / "conformance", "demo", "--out", tmp_path / "report", cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert [name for name in BUNDLE if not (tmp_path / "report" / name).is_file()] == []


def test_installed_module_answers_to_python_dash_m(installed: Path, tmp_path: Path) -> None:
    ran = run(installed / "python", "-m", "conformance", "--help", cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert str(ROOT) not in ran.stdout
