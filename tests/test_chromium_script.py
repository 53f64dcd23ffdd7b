""".ci/chromium: the tests have a browser after it, or it fails and says what to do."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

# It "finds" a browser where `installed` is, which the installers that work make.
PYTHON = (
    'case "$*" in "-m crawler.browser") test -e {folder}/installed ;; *) echo "$@" >> {folder}/asked; {does} ;; esac'
)


class Machine:
    """A PATH where the tools that install are played; `asked` is what was called, in order."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.bin = folder, folder / "bin"
        self.bin.mkdir()
        # The real apt-get shall not be met.
        for name in ("sh", "dirname", "test", "echo"):
            (self.bin / name).symlink_to(f"/bin/{name}" if Path(f"/bin/{name}").exists() else f"/usr/bin/{name}")

    @property
    def install(self) -> str:
        return f": > {self.folder}/installed"

    def has(self, name: str, does: str) -> None:
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{does}\n")
        path.chmod(0o755)

    def run(self, uid: int, playwright: str, apt: str | None = None) -> "subprocess.CompletedProcess[str]":
        self.has("id", f"echo {uid}")
        self.has("python", PYTHON.format(folder=self.folder, does=playwright))
        if apt is not None:
            self.has("apt-get", f'echo "apt-get $1" >> {self.folder}/asked; {apt}')
        environment = {"PATH": str(self.bin), "PYTHON": str(self.bin / "python")}
        command = ["/bin/sh", str(ROOT / ".ci" / "chromium")]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    @property
    def asked(self) -> list[str]:
        told = self.folder / "asked"
        return told.read_text().splitlines() if told.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_what_is_there_already_is_left_alone(machine: Machine) -> None:
    (machine.folder / "installed").touch()
    assert machine.run(0, "exit 1", apt="exit 1").returncode == 0
    assert machine.asked == []


def test_root_takes_the_distributions_package(machine: Machine) -> None:
    done = machine.run(0, "exit 1", apt=f'if [ "$1" = install ]; then {machine.install}; fi')
    assert done.returncode == 0, done.stderr
    assert machine.asked == ["apt-get update", "apt-get install"]


@pytest.mark.parametrize(("uid", "apt"), [(1000, "exit 1"), (0, None)], ids=["not root", "no apt-get"])
def test_others_take_playwrights_own(machine: Machine, uid: int, apt: str | None) -> None:
    assert machine.run(uid, machine.install, apt).returncode == 0
    assert machine.asked == ["-m playwright install --with-deps chromium"]


def test_a_package_that_is_only_a_placeholder_is_not_enough(machine: Machine) -> None:
    assert machine.run(0, machine.install, apt="exit 0").returncode == 0
    assert machine.asked == ["apt-get update", "apt-get install", "-m playwright install --with-deps chromium"]


def test_where_nothing_helps_it_fails_and_says_what_to_do(machine: Machine) -> None:
    done = machine.run(0, "exit 1", apt="exit 100")
    assert done.returncode == 1
    assert machine.asked[-1] == "-m playwright install chromium"
    for word in ("package chromium", "playwright install --with-deps chromium", "TOKENTAPE_CHROMIUM", "doctor"):
        assert word in done.stderr.replace("\n", " ")


def test_the_tests_need_it_and_running_does_not() -> None:
    told = {
        target: subprocess.run(
            ["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=True, env=dict(os.environ)
        ).stdout
        for target in ("test", "run", "static")
    }
    assert [target for target, says in told.items() if ".ci/chromium" in says] == ["test"]
