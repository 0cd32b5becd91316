"""`make chaos`: storms over whole houses on SQLite and PostgreSQL, and their figures.

ARGS: [SEED=number] [SECONDS=each storm] [KILLS=at least so many] [ON=sqlite,postgresql]
"""

import os
import sys
import time

from tests.chaos.storm import storm

ORDERS_A_SECOND = 60


def main() -> int:
    """Rage, judge, print; 1 when a promise was broken."""
    told = dict(word.partition("=")[::2] for word in sys.argv[1:])
    seed = int(told.get("SEED", time.time_ns() % 100_000))
    seconds = float(told.get("SECONDS", 90))
    kills = int(told.get("KILLS", 25))
    broken = 0
    for kind in told.get("ON", "sqlite,postgresql").split(","):
        print(f"{kind}: storm with SEED={seed} SECONDS={seconds:.0f} KILLS={kills} …", flush=True)
        figures = storm(kind, kills=kills, seconds=seconds, seed=seed, orders=int(seconds * ORDERS_A_SECOND))
        print(f"{figures}\n  {'load of the machine':<26}{os.getloadavg()[0]:.1f}\n", flush=True)
        broken += len(figures.verdict.faults) + len(figures.heard.refused)
        print(*figures.heard.refused[:10], sep="\n")
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
