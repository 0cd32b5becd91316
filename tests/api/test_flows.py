"""Flows come in, are published and read, and take orders from then on."""

from tests.api.conftest import Api
from tests.trade import APPROVAL, DESIGNER, SIX_STEPS, order

FLOWS = "/api/v1/flows"


def test_a_flow_is_imported_published_and_takes_orders(api: Api) -> None:
    imported = api.post(FLOWS, SIX_STEPS, "designer")
    assert imported.status_code == 201
    assert imported.get_json() == {"key": "six-steps", "version": None, "problems": imported.get_json()["problems"]}
    published = api.post(f"{FLOWS}/six-steps/publication", {"note": "first"}, "designer")
    assert (published.status_code, published.get_json()["version"]) == (201, 1)
    [result] = api.orders(order(1))
    api.drain()
    assert api.get(f"/api/v1/orders/{result['trace']}").get_json()["state"] == "done"


def test_an_import_of_a_known_flow_replaces_the_draft_and_keeps_the_version(api: Api) -> None:
    api.post(FLOWS, SIX_STEPS)
    api.post(f"{FLOWS}/six-steps/publication")
    again = api.post(FLOWS, {**SIX_STEPS, "name": "Renamed"})
    assert (again.status_code, again.get_json()["version"]) == (200, 1)
    told = api.get(f"{FLOWS}/six-steps").get_json()
    assert (told["document"]["name"], told["published"]["name"]) == ("Renamed", "Trial")
    assert api.post(f"{FLOWS}/six-steps/publication").get_json()["version"] == 2


def test_a_missing_team_is_a_warning(api: Api) -> None:
    api.post(FLOWS, APPROVAL)
    published = api.post(f"{FLOWS}/approval/publication", {"note": None})
    assert published.status_code == 201
    warnings = {problem["level"] for problem in published.get_json()["problems"]}
    assert warnings == {"warning"}


def test_a_draft_with_errors_is_not_published(api: Api) -> None:
    api.post(FLOWS, SIX_STEPS)
    broken = {**SIX_STEPS, "edges": SIX_STEPS["edges"][:-1]}
    api.service.flows.add(broken, DESIGNER)
    answer = api.post(f"{FLOWS}/six-steps/publication")
    assert answer.status_code == 422
    told = answer.get_json()
    assert (told["key"], told["version"]) == ("six-steps", None)
    assert any(problem["level"] == "error" and problem["node"] == "tell" for problem in told["problems"])


def test_all_flows_are_listed(api: Api) -> None:
    api.post(FLOWS, SIX_STEPS)
    api.post(FLOWS, APPROVAL)
    told = api.get(FLOWS, "auditor").get_json()
    assert [(item["key"], item["version"]) for item in told["items"]] == [("approval", None), ("six-steps", None)]
    assert told["next"] is None


def test_an_unknown_flow_is_404(api: Api) -> None:
    assert api.get(f"{FLOWS}/unknown").status_code == 404
    assert api.post(f"{FLOWS}/unknown/publication").status_code == 404


def test_a_failure_policy_out_of_range_is_refused_with_the_range(api: Api) -> None:
    answer = api.post(FLOWS, {**SIX_STEPS, "failures": {"max_tries": 99}})
    api.post(FLOWS, SIX_STEPS)
    api.service.flows.add({**SIX_STEPS, "failures": {"max_tries": 99}}, DESIGNER)
    refused = api.post(f"{FLOWS}/six-steps/publication")
    assert refused.status_code == 422
    for told in (answer.get_json(), refused.get_json()):
        [problem] = [one for one in told["problems"] if one["where"] == "failures.max_tries"]
        assert "10" in problem["message"] + problem["remedy"]
