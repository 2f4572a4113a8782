from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

ROOT = Path(__file__).parent.parent.parent.parent

SCRIPT = """
from gevent import monkey
monkey.patch_all()
import json, sys, time
import gevent
from pathlib import Path
from tests.support import accounts
from tests.support.database import make_database
from cti.clock import SystemClock

clock = SystemClock()
database = make_database(Path(sys.argv[1]), clock)
failures, gaps = [], []

def write(number):
    try:
        with database.write() as uow:
            uow.tenants.save(accounts.tenant(clock, id=f"t{number}", domain=f"d{number}"))
            uow.commit()
        with database.read() as uow:
            assert uow.tenants.get(f"t{number}") is not None
    except Exception as error:
        failures.append(repr(error))

def tick():
    before = time.monotonic()
    while True:
        gevent.sleep(0.005)
        now = time.monotonic()
        gaps.append(now - before)
        before = now

ticker = gevent.spawn(tick)
gevent.joinall([gevent.spawn(write, number) for number in range(100)], timeout=30)
ticker.kill()
with database.read() as uow:
    print(json.dumps({"failures": failures, "rows": len(uow.tenants.all()), "longest_gap": max(gaps)}))
"""


def test_a_hundred_writers_in_one_gevent_worker_all_succeed(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)], cwd=ROOT, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    result: dict[str, Any] = json.loads(done.stdout)
    assert result["failures"] == []
    assert result["rows"] == 100
    assert result["longest_gap"] < 2
