import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "live"))

from reporting import pytest_runtest_makereport, pytest_terminal_summary  # noqa: E402, F401

from harness import Instance  # noqa: E402


@pytest.fixture(scope="session")
def system():
    with Instance() as instance:
        yield instance
