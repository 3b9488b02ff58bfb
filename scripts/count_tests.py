#!/usr/bin/python3
"""Prints "PASSED FAILED" for a report, then a line for each test that failed: its name and the first words of why.

count_tests.py meson build/meson-logs/NAME.json | junit REPORT.xml | tap REPORT.tap
A meson test that is a doctest program counts with its test cases. Skipped tests are not counted.
"""

import json
import re
import sys
import xml.etree.ElementTree

DOCTEST_SUMMARY = re.compile(r"\[doctest\] test cases:\s*\d+ \|\s*(\d+) passed \|\s*(\d+) failed")
DOCTEST_FAILURE = re.compile(r"^TEST CASE:\s*(.+?)\n(?:.*\n)*?(\S+:\d+: (?:FATAL )?ERROR: .+)", re.MULTILINE)
TAP_FAILURE = re.compile(r"^( *)not ok \d+ - (.+)\n\1  ---\n((?:\1  .*\n)*?)\1  \.\.\.", re.MULTILINE)
TAP_ERROR = re.compile(r"^ *error: (?:\|-\n *)?(.*)", re.MULTILINE)


def read_meson(path):
    passed, failed, names = 0, 0, []
    with open(path, encoding="utf-8") as report:
        for line in report:
            test = json.loads(line)
            if test["result"] == "SKIP":
                continue
            good = test["result"] in ("OK", "EXPECTEDFAIL")
            output = test.get("stdout") or ""
            summary = DOCTEST_SUMMARY.search(output)
            cases_passed, cases_failed = map(int, summary.groups()) if summary else (int(good), 0)
            passed += cases_passed
            # A time-out or a crash at exit fails the program, though no case says so.
            failed += cases_failed if good or cases_failed else 1
            if good:
                continue
            cases = {}
            for case in output.split("=" * 79 + "\n"):
                if found := DOCTEST_FAILURE.search(case):
                    cases.setdefault(*found.groups())
            names += [(f"{test['name']} > {case}", why) for case, why in cases.items()] \
                or [(test["name"], f"{test['result']}, status {test['returncode']}")]
    return passed, failed, names


def read_junit(path):
    passed, names = 0, []
    for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
        failures = case.findall("failure") + case.findall("error")
        if failures:
            names.append((f"{case.get('classname')} > {case.get('name')}", failures[0].get("message") or ""))
        elif case.find("skipped") is None:
            passed += 1
    return passed, len(names), names


def read_tap(path):
    with open(path, encoding="utf-8") as report:
        text = report.read()
    passed, failed = (sum(map(int, re.findall(rf"^# {word} (\d+)$", text, re.MULTILINE))) for word in ("pass", "fail"))
    names = [(name, TAP_ERROR.search(why)) for _, name, why in TAP_FAILURE.findall(text) if "subtestsFailed" not in why]
    return passed, failed, [(name, why.group(1) if why else "") for name, why in names]


def main():
    read = {"meson": read_meson, "junit": read_junit, "tap": read_tap}[sys.argv[1]]
    try:
        passed, failed, names = read(sys.argv[2])
    except FileNotFoundError:
        passed, failed, names = 0, 0, []  # nothing was run; the exit status of the step tells why
    print(passed, failed)
    for name, why in names:
        print(f"{name}: {why.partition(chr(10))[0]:.200}")


if __name__ == "__main__":
    main()
