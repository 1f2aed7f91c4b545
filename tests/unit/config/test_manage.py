"""What a person reads who has not got what is needed."""

import shutil
import subprocess
from pathlib import Path

import manage
from config.env import PROJECT_DIR


def test_manage_under_an_old_python_says_so_in_one_line(monkeypatch, capsys):
    monkeypatch.setattr(manage.sys, "version_info", (3, 10, 4, "final", 0))

    assert manage.main() == 1

    assert capsys.readouterr().err == (
        "manage.py: Python 3.11 or newer is needed, this is 3.10.4. Try: make run\n"
    )


def install(tmp_path: Path, *programs: str) -> subprocess.CompletedProcess[str]:
    """The set-up script in an empty project, where only the named programs exist."""
    requirements = tmp_path / "requirements"
    requirements.mkdir()
    shutil.copy(PROJECT_DIR / "requirements" / "install.sh", requirements)
    (requirements / "run.txt").touch()
    folder = tmp_path / "bin"
    folder.mkdir()
    for program in ("sh", "dirname", "rm", "cat"):
        (folder / program).symlink_to(shutil.which(program))
    for program in programs:
        (folder / program).write_text(f"#!{shutil.which('sh')}\nexit 1\n")
        (folder / program).chmod(0o755)
    return subprocess.run(
        ["sh", str(requirements / "install.sh"), "run"],
        env={"PATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_install_without_python_says_so_in_one_line(tmp_path):
    done = install(tmp_path)

    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "Python 3.11, 3.12 or 3.13 is needed and none was found" in done.stderr


def test_install_takes_a_python_that_does_not_run_for_none(tmp_path):
    assert "none was found" in install(tmp_path, "python3", "python3.13").stderr
