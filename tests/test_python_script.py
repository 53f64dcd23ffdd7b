""".ci/python: the environment is made with an optimised Python where there is one."""

import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

OLD, PLAIN, OPTIMISED = "exit 1", 'case "$2" in *sysconfig*) exit 1 ;; esac', "exit 0"
# Debian's, where python3-venv is not installed.
WITHOUT_VENV = 'case "$2" in *ensurepip*) exit 1 ;; esac'


@pytest.mark.parametrize(
    ("usual", "system", "taken"),
    [
        (OPTIMISED, OPTIMISED, "usual"),
        (PLAIN, OPTIMISED, "system"),
        (OLD, OPTIMISED, "system"),
        (None, OPTIMISED, "system"),
        (PLAIN, WITHOUT_VENV, "usual"),
        (PLAIN, OLD, "usual"),
        (PLAIN, None, "usual"),
        (None, None, "usual"),
    ],
    ids=["both", "unoptimised", "too old", "missing", "no venv", "both too old", "alone", "neither"],
)
def test_the_systems_python_stands_in_for_one_that_is_old_or_unoptimised(
    usual: str | None, system: str | None, taken: str, tmp_path: Path
) -> None:
    for name, does in (("usual", usual), ("system", system)):
        if does is not None:
            (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n")
            (tmp_path / name).chmod(0o755)
    command = ["/bin/sh", str(ROOT / ".ci" / "python"), str(tmp_path / "usual"), str(tmp_path / "system")]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (told.stdout, told.stderr) == (f"{tmp_path / taken}\n", "")


def test_a_python_that_is_named_is_taken_as_it_is() -> None:
    command = ["make", "--dry-run", "PYTHON=some-python", "lock"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "PYTHON=some-python" in told.stdout
