"""Shows the logs of the running installations below a failed test, and the figures of the attacks at the end. Imported
by the conftest.py of each folder."""

import pytest

import attack
import harness

LINES = 60


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed:
        report.sections.append(("to repeat", f"AGENTMON_SEED={attack.SEED}"))
        for instance in harness.alive:
            lines = instance.log_text().splitlines()[-LINES:]
            report.sections.append((f"last lines of {instance.log_path}", "\n".join(lines)))
            for log in sorted(instance.data.glob("*.log")):
                lines = log.read_text(errors="replace").splitlines()[-LINES:]
                report.sections.append((f"last lines of {log}", "\n".join(lines)))


def pytest_terminal_summary(terminalreporter):
    if attack.figures:
        terminalreporter.section("attacks")
        for line in attack.figures:
            terminalreporter.write_line(line)
