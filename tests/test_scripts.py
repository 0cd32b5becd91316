"""The pages' scripts: their own tests, run by their own runner."""

import subprocess
from pathlib import Path

import bootstrap

ROOT = Path(__file__).resolve().parent.parent


def test_the_scripts_pass_their_tests() -> None:
    npm, env = bootstrap.npm_command()
    done = subprocess.run(
        [*npm, "run", "--silent", "test"],
        cwd=ROOT,
        env={**env, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
