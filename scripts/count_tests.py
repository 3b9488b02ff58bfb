#!/usr/bin/python3
"""Prints "PASSED FAILED" for a report: count_tests.py meson build/meson-logs/NAME.json | junit REPORT.xml

A meson test that is a doctest program counts with its test cases. Skipped tests are not counted.
"""

import json
import re
import sys
import xml.etree.ElementTree

DOCTEST_SUMMARY = re.compile(r"\[doctest\] test cases:\s*\d+ \|\s*(\d+) passed \|\s*(\d+) failed")


def count_meson(path):
    passed = failed = 0
    with open(path, encoding="utf-8") as report:
        for line in report:
            test = json.loads(line)
            if test["result"] == "SKIP":
                continue
            good = test["result"] in ("OK", "EXPECTEDFAIL")
            summary = DOCTEST_SUMMARY.search(test.get("stdout") or "")
            cases_passed, cases_failed = map(int, summary.groups()) if summary else (int(good), 0)
            passed += cases_passed
            # A time-out or a crash at exit fails the program, though no case says so.
            failed += cases_failed if good or cases_failed else 1
    return passed, failed


def count_junit(path):
    passed = failed = 0
    for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is None:
            passed += 1
    return passed, failed


def main():
    count = {"meson": count_meson, "junit": count_junit}[sys.argv[1]]
    try:
        print(*count(sys.argv[2]))
    except FileNotFoundError:
        print(0, 0)  # nothing was run; the exit status of the step tells why


if __name__ == "__main__":
    main()
