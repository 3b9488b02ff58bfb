"""Shows the logs of the running installations below a failed test. Imported by the conftest.py of each folder."""

import pytest

import harness

LINES = 60


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed:
        for instance in harness.alive:
            lines = instance.log_text().splitlines()[-LINES:]
            report.sections.append((f"last lines of {instance.log_path}", "\n".join(lines)))
