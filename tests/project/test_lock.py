"""requirements.lock fits pyproject.toml and carries nothing of the machine that wrote it."""

import re

from packaging.requirements import Requirement

from tests.project.layout import PYPROJECT, ROOT

LOCK = (ROOT / "requirements.lock").read_text()
LINES = re.finditer(r"^(?P<name>[a-z0-9-]+)==(?P<version>[^ ;\\]+)", LOCK, re.MULTILINE)
LOCKED = {line["name"]: line["version"] for line in LINES}


def wanted() -> list[Requirement]:
    project = PYPROJECT["project"]
    groups = (*project["optional-dependencies"].values(), *PYPROJECT["dependency-groups"].values())
    lists = (project["dependencies"], PYPROJECT["build-system"]["requires"], *groups)
    return [Requirement(text) for texts in lists for text in texts]


def test_every_requirement_is_locked_in_a_version_that_it_allows() -> None:
    unmet = [str(need) for need in wanted() if not need.specifier.contains(LOCKED.get(need.name.lower(), "0"))]

    assert unmet == []


def test_the_lock_has_hashes_and_no_addresses() -> None:
    assert len(re.findall(r"^[a-z0-9]", LOCK, re.MULTILINE)) <= LOCK.count("--hash=sha256:")
    assert not re.search(r"https?://|file:|index-url|find-links", LOCK)
