"""People, teams and channels, and who may change them."""

from sqlalchemy import select

from runtime.store import tables
from runtime.store.database import reading
from tests.web.conftest import House


def test_a_person_is_added_and_signs_in_by_the_link_that_is_shown(house: House) -> None:
    root = house.enter("root")
    answer = root.post("/people", {"name": "mei", "display": "梅", "duty": ["operator"]})
    assert answer.status_code == 200
    path = answer.text.split('class="link-text">')[1].split("<")[0].removeprefix("http://localhost")
    newcomer = house.stranger()
    newcomer.get(path)
    assert newcomer.post(path).status_code == 303
    newcomer.get("/inbox")
    assert root.post("/people", {"name": "mei", "duty": ["operator"]}).status_code == 422


def test_the_last_administrator_stays(house: House) -> None:
    root = house.enter("root")
    assert root.post("/people/root", {"duty": ["operator"], "active": "1"}).status_code == 409
    root.get("/people")
    root.post("/people/wang", {"duty": ["admin"], "active": "1"})
    assert root.post("/people/root", {"duty": ["operator"], "active": "1"}).status_code == 303
    root.get("/people", 403)


def test_a_channel_goes_another_way_from_now_on(house: House) -> None:
    root = house.enter("root")
    earlier = house.take(1, total="9000.00")
    assert root.post("/channels/own-shop", {"flow": "shaky"}).status_code == 303
    later = house.take(2, total="9000.00")
    with reading(house.service.engine) as connection:
        taken = dict(iter(connection.execute(select(tables.runs.c.id, tables.runs.c.flow_key)).all()))
    assert (taken[earlier], taken[later]) == ("big-orders", "shaky")


def test_changes_are_written_down(house: House) -> None:
    root = house.enter("root")
    root.post("/teams/leads", {"member": ["chen"]})
    with reading(house.service.engine) as connection:
        acts = connection.execute(select(tables.audit).where(tables.audit.c.action == "team.change")).mappings().all()
    assert [(act["actor"], act["subject"], act["ip"]) for act in acts] == [("root", "leads", "127.0.0.1")]


def test_a_person_keeps_skills_and_a_limit_of_open_orders(house: House) -> None:
    root = house.enter("root")
    root.get("/people")
    wrong = root.post("/people/chen", {"duty": ["operator"], "active": "1", "most": "-1"})
    assert (wrong.status_code, "0 to 10000" in wrong.text) == (422, True)
    root.post("/people/chen", {"duty": ["operator"], "active": "1", "skills": "定制、英语, 定制 ,", "most": "12"})
    page = root.get("/people")
    assert 'value="定制, 英语"' in page
    assert 'value="12"' in page


def test_a_person_who_cannot_be_added_yet_is_typed_only_once(house: House) -> None:
    root = house.enter("root")
    root.get("/people")
    answer = root.post("/people", {"name": "li.wei", "display": "李伟"})
    assert answer.status_code == 422 and 'value="li.wei"' in answer.text and 'value="李伟"' in answer.text
    again = root.post("/people", {"name": "chen", "display": "Another Chen", "duty": "finance"})
    assert again.status_code == 422 and 'value="Another Chen"' in again.text
    form = again.text.split('id="add-title"')[1]
    assert 'value="finance" checked' in form and "chen.hao" not in form.split('id="teams-title"')[0]


def test_what_somebody_had_taken_on_asks_everybody_again_when_they_leave(house: House) -> None:
    root, zhao, wang = house.enter("root"), house.enter("zhao"), house.enter("wang")
    tasks = [f"{house.take(number, total='9000.00')}.3.1" for number in (1, 2)]
    for task in tasks:
        assert wang.post(f"/tasks/{task}/claim").status_code == 303
    assert zhao.post(f"/tasks/{tasks[0]}/decision", {"decision": "approve"}).status_code == 409
    root.post("/teams/leads", {"member": ["zhao"]})
    assert zhao.post(f"/tasks/{tasks[0]}/decision", {"decision": "approve"}).status_code == 303
    root.post("/teams/leads", {"member": ["zhao", "wang"]})
    assert wang.post(f"/tasks/{tasks[1]}/claim").status_code == 303
    root.post("/people/wang", {"duty": ["lead"]})
    assert zhao.post(f"/tasks/{tasks[1]}/decision", {"decision": "approve"}).status_code == 303
