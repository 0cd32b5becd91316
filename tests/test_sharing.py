"""Tests that are run in several processes are shared between them as they must be."""

import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OPTIONS = ("-p", "tests.sharing", "-n", "2", "--dist", "loadscope", "--no-loadscope-reorder", "-q")
TEST = """\
import os, pytest
@pytest.mark.parametrize("number", range(6))
def test_where(number):
    with open({log!r}, "a") as log: print({file!r}, os.getpid(), file=log)
"""


def test_a_file_stays_in_one_process_and_whole_products_follow_each_other(tmp_path: Path) -> None:
    files = ("core/test_a.py", "web/test_b.py", "chaos/test_c.py", "supervision/test_d.py", "web/test_e.py")
    for file in files:
        (tmp_path / "tests" / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tests" / file).write_text(TEST.format(log=str(tmp_path / "log"), file=file))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *OPTIONS, "-c", os.devnull, "--rootdir", tmp_path, "tests"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    processes: dict[str, set[str]] = defaultdict(set)
    for line in (tmp_path / "log").read_text("utf-8").splitlines():
        file, process = line.split()
        processes[file].add(process)
    assert {file: len(processes[file]) for file in files} == dict.fromkeys(files, 1)
    assert processes["chaos/test_c.py"] == processes["supervision/test_d.py"]
