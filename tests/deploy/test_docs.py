"""The docs: api.md is what the contract says, and what they refer to exists."""

import re
import subprocess

import pytest

from harness import ROOT

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "subprojects/agentmon-sdk").rglob("README.md"),
                *(ROOT / "deploy").rglob("*.md")])


def test_api_md_is_made_from_the_contract():
    made = subprocess.run([ROOT / "scripts/api_md.py"], text=True, capture_output=True, timeout=30, check=True)
    assert made.stdout == (ROOT / "docs/api.md").read_text(), "scripts/api_md.py > docs/api.md"


def anchors(page):
    """The headings of a page, as links name them."""
    titles = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL),
                        re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" in target:
            continue
        file, _, heading = target.partition("#")
        to = (page.parent / file).resolve() if file else page
        assert to.exists(), target
        assert not heading or heading in anchors(to), target
