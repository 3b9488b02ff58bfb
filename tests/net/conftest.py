import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "live"))

from reporting import pytest_runtest_makereport, pytest_terminal_summary  # noqa: E402, F401

from authority import Authority  # noqa: E402


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """The private CA that all nodes of these tests trust."""
    return Authority(tmp_path_factory.mktemp("authority"))
