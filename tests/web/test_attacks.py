"""What was tried against the pages to get in, or to break them."""

import io
from contextlib import redirect_stderr
from pathlib import Path

import pytest
import structlog

from builder.logs import set_up_logs
from tests.api.conftest import make_settings
from tests.web.conftest import House


@pytest.mark.parametrize("after", ["%C2%B2-x", "9999999999999999999-x", "99999999999999999999-x"])
def test_a_place_in_the_inbox_that_is_none_is_its_beginning(house: House, after: str) -> None:
    assert house.enter("zhao").get(f"/inbox?after={after}")


@pytest.mark.parametrize("step", ["²", "9" * 5000, "-1", "x"])
def test_a_step_that_is_none_is_not_tried(house: House, step: str) -> None:
    run_id = house.take(1)
    assert house.enter("root").post(f"/orders/{run_id}/retry", {"step": step}).status_code == 400


def test_logs_tell_no_local_variables(tmp_path: Path) -> None:
    secret = "of_" + "a-token-of-somebody"
    written = io.StringIO()
    with redirect_stderr(written):
        set_up_logs(make_settings(tmp_path, "sqlite://", "redis://", log_level="error"))
        try:
            raise ValueError("broken")
        except ValueError:
            structlog.get_logger().exception("api.defect")
    structlog.reset_defaults()
    assert "broken" in written.getvalue()
    assert secret not in written.getvalue()
