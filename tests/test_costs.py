"""A run with ``--costs`` tells what tests, and the programs that they start, cost the processor."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.waiting import LONGEST_S

ROOT = Path(__file__).parent.parent
TESTS = """
import subprocess
import sys
import time

BUSY = '''
import time
while time.process_time() < 0.5:
    pass
print(flush=True)
input()
'''

def test_costs_nothing():
    time.sleep(0.6)

def test_starts_a_program_that_goes_on():
    program = subprocess.Popen(
        [sys.executable, "-c", BUSY], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    program.stdout.readline()
"""


def test_the_seconds_of_a_program_stand_with_the_test_that_started_it(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(TESTS, encoding="utf-8")
    (tmp_path / "pytest.ini").touch()
    file = tmp_path / "costs.tsv"
    answer = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "pytest", "-p", "tests.costs", f"--costs={file}"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_S,
    )
    assert answer.returncode == 0, answer.stdout
    assert " processor seconds: setup " in answer.stdout
    lines = [line.split("\t") for line in file.read_text(encoding="utf-8").splitlines()]
    costs = {test.partition("::")[2]: float(seconds) for seconds, test in lines}
    assert costs["test_costs_nothing"] < 0.2
    assert costs["test_starts_a_program_that_goes_on"] > 0.4  # counted in hundredths
