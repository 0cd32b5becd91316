"""`make olist`: a year of real orders through the API, real workers and a person's desk, compared with counted truth."""

import argparse
import sys
import time

from tests import databases, live
from tests.olist import feeding, mapping


def main() -> int:
    """Feed, compare, print; 0 when everything is as counted."""
    wishes = argparse.ArgumentParser(prog="make olist", description="make olist DATA=folder ARGS='--on postgresql'")
    wishes.add_argument("--on", choices=databases.KINDS, default="sqlite")
    wished = wishes.parse_args()
    if not (mapping.folder() / "expected.json").is_file():
        print(f"SKIPPED: no order data in {mapping.folder()}; say where they lie with DATA=folder", file=sys.stderr)
        return 2
    counted = mapping.expected()
    asked = frozenset(counted["total_gt_5000"])
    expected = feeding.Expected(
        counted["orders"], asked, counted["total_gt_1000"] - len(asked), counted["sum_of_payments"]
    )
    with databases.empty(wished.on) as database, live.running(database.url) as house:
        feeding.publish(house)
        began, spent = time.monotonic(), _cpu(house, database)
        fed = feeding.feed(house, mapping.orders())
        feeding.wait_until_all_rest(house)
        seconds, cpu = time.monotonic() - began, _cpu(house, database) - spent
        first = feeding.look(house)
        again = feeding.feed(house, mapping.orders())
        feeding.wait_until_all_rest(house)
        checks = feeding.compare(expected, fed, again, first, feeding.look(house))
    print(*checks, sep="\n")
    print(f"{expected.orders} orders in {seconds:.1f} s: {expected.orders / seconds:.0f} a second,", end=" ")
    print(f"{cpu * 1000 / expected.orders:.3f} CPU seconds for 1,000 (all server processes)")
    return 0 if all(check.holds for check in checks) else 1


def _cpu(house: live.Live, database: databases.Empty) -> float:
    return sum(sum(one.cpu_times()[:2]) for one in [*house.processes(), *database.processes()])


if __name__ == "__main__":
    raise SystemExit(main())
