"""Known vulnerabilities stop a change unless a reason is written down; where nobody can be asked, that is said."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

AUDIT = Path(__file__).parents[1] / ".ci" / "audit"
pytestmark = pytest.mark.skipif(not AUDIT.exists(), reason="a source distribution has no .ci")
ADVISORY = {"id": "PYSEC-2019-217", "aliases": ["CVE-2019-10906"], "fix_versions": ["2.10.1"], "description": "..."}
VULNERABLE = {"dependencies": [{"name": "jinja2", "version": "2.10", "vulns": [ADVISORY]}]}
SKIPPED = {"dependencies": [{"name": "jinja2", "skip_reason": "Dependency not found on PyPI"}]}


def audited(folder, says, reasons="", error=""):
    """Exit code and output of the audit with a program that says this."""
    program = folder / "pip-audit"
    program.write_text(f"#!{sys.executable}\nimport sys\nprint({says!r})\nprint({error!r}, file=sys.stderr)\n")
    program.chmod(0o755)
    (folder / "advisories.toml").write_text(reasons)
    words = [sys.executable, str(AUDIT), str(program), str(folder), str(folder / "advisories.toml")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout


def reason(id, text):
    return f'[[advisory]]\nid = "{id}"\npackage = "jinja2"\nreason = "{text}"\n'


def test_a_known_vulnerability_without_a_reason_fails(tmp_path):
    code, said = audited(tmp_path, json.dumps(VULNERABLE), reason("CVE-1", "another"))
    assert code == 1
    assert "jinja2 2.10: CVE-2019-10906 PYSEC-2019-217 (cured in 2.10.1) FAILED" in said
    assert "CVE-1: a reason that nothing needs any more" in said


@pytest.mark.parametrize("id", ["PYSEC-2019-217", "CVE-2019-10906"])
def test_one_with_a_reason_is_passed_over_and_told(tmp_path, id):
    code, said = audited(tmp_path, json.dumps(VULNERABLE), reason(id, "templates are ours"))
    assert (code, "passed over: templates are ours" in said) == (0, True)


def test_an_empty_reason_is_none(tmp_path):
    code, said = audited(tmp_path, json.dumps(VULNERABLE), reason("CVE-2019-10906", " "))
    assert (code, "no reason is given for CVE-2019-10906" in said) == (1, True)


@pytest.mark.parametrize(
    ("says", "error"), [("", "ERROR: Could not connect to PyPI's vulnerability feed"), (json.dumps(SKIPPED), "")]
)
def test_where_nobody_can_be_asked_that_is_said_and_nothing_fails(tmp_path, says, error):
    code, said = audited(tmp_path, says, "", error)
    assert (code, "NOT AUDITED" in said, error in said) == (0, True, True)


def test_every_advisory_that_is_passed_over_here_has_its_reason():
    words = [sys.executable, str(AUDIT), "no-such-program", "."]
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    assert (done.returncode, "NOT AUDITED" in done.stdout) == (0, True), done.stdout
