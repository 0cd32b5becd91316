"""The built wheel is the whole program: installed outside the checkout, its parts run one by one and take an order."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import orjson
import pytest

from tests.supervision.houses import ROOT, House, end, house
from tests.supervision.test_up import answers, free_port

WANTED = (
    "builder/assets/templates/",
    "builder/assets/static/dist/.vite/manifest.json",
    "builder/assets/flows_examples/big-order-approval.json",
    "builder/i18n/zh_Hans_CN/LC_MESSAGES/messages.mo",
    "runtime/store/migrations/env.py",
    "runtime/store/migrations/versions/",
    "runtime/core/messages.json",
    "nodes/approval/schema.json",
    "nodes/approval/icon.svg",
    "nodes/approval/help.zh.md",
)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the checkout with the tools of the lock."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), cwd=ROOT)
    return next(folder.glob("orderflow-*.whl"))


@pytest.fixture
def installed(wheel: Path, tmp_path: Path) -> Iterator[House]:
    """Orderflow as it is installed from the wheel, its dependencies taken from the environment of the tests."""
    site = tmp_path / "site"
    run(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(site), str(wheel))
    program = (sys.executable, str(site / "bin" / "orderflow"))
    with house(tmp_path, program=program, PYTHONPATH=str(site), ORDERFLOW_PORT=str(free_port())) as made:
        yield made


def test_the_wheel_carries_all_that_is_not_code(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert [wanted for wanted in WANTED if not any(name.startswith(wanted) for name in names)] == []
    strays = [name for name in names if name.startswith("tests/") or name.endswith((".ts", ".map"))]
    assert strays == []


def test_the_wheel_is_never_uploaded_by_mistake(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        metadata = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        assert "Classifier: Private :: Do Not Upload" in archive.read(metadata).decode()


def test_the_parts_run_from_the_wheel_and_an_order_goes_through(installed: House) -> None:
    where = run(
        sys.executable, "-c", "import builder; print(builder.__file__)", cwd=installed.root, env=installed.variables
    )
    assert str(installed.root / "site") in where
    with ExitStack() as parts:
        parts.enter_context(part(installed, "redis"))
        assert installed.command("migrate").returncode == 0
        for name in ("web", "worker", "clock"):
            parts.enter_context(part(installed, name))
        (installed.root / "said").write_text(f"http://127.0.0.1:{installed.variables['ORDERFLOW_PORT']}")
        installed.wait_for(lambda: answers(installed))
        token = installed.command("token", "create", "wheel", "--role", "admin").stdout.strip()
        publish_big_order_approval(installed, token)
        order = {"id": "W-1", "channel": "own-shop", "created_at": "2026-11-22T10:00:00+08:00"}
        status, taken = installed.ask("/api/v1/orders", {**order, "currency": "CNY", "total": "9000.00"}, token)
        assert status == 202, taken
        installed.wait_for(lambda: installed.ask("/api/v1/balance", token=token)[1]["running"] == 0)
        assert installed.ask("/api/v1/balance", token=token)[1]["difference"] == 0
        assert installed.ask("/sign-in")[0] == 200


def publish_big_order_approval(installed: House, token: str) -> None:
    path = installed.root / "site/builder/assets/flows_examples/big-order-approval.json"
    status, imported = installed.ask("/api/v1/flows", orjson.loads(path.read_bytes()), token)
    assert status in (200, 201), imported
    status, published = installed.ask(f"/api/v1/flows/{imported['key']}/publication", {}, token)
    assert status in (200, 201), published


@contextmanager
def part(installed: House, name: str) -> Iterator[None]:
    with (installed.root / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [*installed.program, name],
            env=installed.variables,
            cwd=installed.root,
            stdin=subprocess.DEVNULL,
            stderr=log,
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        finally:
            end(process)


def run(*command: str, cwd: Path | None = None, env: object = None) -> str:
    done = subprocess.run(
        command,
        cwd=cwd,
        env=dict(env) if isinstance(env, dict) else os.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout
