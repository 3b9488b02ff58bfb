import pytest

from harness import Instance
from reporting import pytest_runtest_makereport, pytest_terminal_summary  # noqa: F401


@pytest.fixture(scope="session")
def system():
    """One running installation for all tests that leave it as healthy as they found it."""
    with Instance() as instance:
        yield instance
        instance.verify()
