"""Every address that changes something: for whom, from which page, and by which kind of request."""

from collections.abc import Iterator

from builder.auth import DUTIES, TOKEN_BLUEPRINTS, allows
from tests.web.conftest import TOKEN, House, Visitor

CHANGING = frozenset(("POST", "PUT", "PATCH", "DELETE"))


def changing(house: House) -> Iterator[tuple[str, str, str | None]]:
    """Address, method, and the action that it needs."""
    for rule in house.app.url_map.iter_rules():
        if rule.endpoint == "static" or rule.endpoint.split(".")[0] in TOKEN_BLUEPRINTS:
            continue
        built = rule.build({name: 1 if name == "number" else "x" for name in rule.arguments}, append_unknown=False)
        assert built is not None
        action = getattr(house.app.view_functions[rule.endpoint], "requires_action", None)
        for method in sorted(CHANGING & (rule.methods or set())):
            yield built[1], method, action


def token_of(visitor: Visitor) -> str:
    found = TOKEN.search(visitor.seen)
    assert found
    return found[1]


def test_nothing_is_changed_without_the_token_of_the_own_session(house: House) -> None:
    admin, other = house.enter("root"), house.enter("zhao")
    foreign = token_of(other)
    tried = 0
    for address, method, _action in changing(house):
        for told in ({}, {"csrf_token": foreign}, {"csrf_token": "x"}):
            tried += 1
            assert admin.client.open(address, method=method, data=told).status_code == 400, (method, address, told)
        assert admin.client.open(address, method=method, json={}).status_code == 400, address
        assert admin.client.open(address, method=method, headers={"X-CSRFToken": foreign}).status_code == 400, address
    assert tried > 100


def test_nothing_is_changed_for_a_duty_that_may_not(house: House) -> None:
    tried = 0
    needed = [(address, method, action) for address, method, action in changing(house) if action]
    for duty in DUTIES:
        house.hire(f"only-{duty}", duty)
        person = house.enter(f"only-{duty}")
        headers = {"X-CSRFToken": token_of(person)}
        for address, method, action in needed:
            if not allows(frozenset((duty,)), action):  # type: ignore[arg-type]
                tried += 1
                answer = person.client.open(address, method=method, headers=headers)
                assert answer.status_code == 403, (duty, method, address)
    assert tried > 100


def test_what_changes_something_is_never_done_by_a_link(house: House) -> None:
    admin = house.enter("root")
    pages = house.app.url_map.bind("")
    without_page = [address for address, _method, _action in changing(house) if not pages.test(address, "GET")]
    assert len(without_page) > 20
    for address in without_page:
        assert admin.client.get(address).status_code == 405, address
