"""position, audit, reindex, export, import, compact, archive and erase."""

from pathlib import Path

import apsw
import pytest

from commonplace import Memory
from commonplace.cli import exits
from shell import Shell

FINDINGS = "task/q3:findings"


def _position(shell: Shell) -> str:
    (line,) = shell.lines("position")
    return line


def _tamper(address: Path) -> None:
    """Edit a record behind the memory's back."""
    connection = apsw.Connection(str(address))
    connection.execute("UPDATE log SET actor = 'eve' WHERE region = 'findings' AND version = 2")
    connection.close()


def test_audit_of_a_sound_memory_has_no_findings(team: Shell) -> None:
    kept = _position(team)
    team.lines("append", FINDINGS, "later")
    assert team.lines("audit")[0].startswith("ok  ")
    assert team.run("audit", "--expect", kept).exit_code == exits.OK


def test_audit_names_the_record_that_was_edited(team: Shell) -> None:
    _tamper(team.address)
    result = team.run("audit")
    assert result.exit_code == exits.FINDINGS
    assert result.stdout.startswith("FINDINGS")
    assert f"{FINDINGS}@2" in result.stdout
    report, *findings = (team.run("audit", "--json").stdout).splitlines()
    assert '"ok":false' in report
    assert any('"code":"edited"' in finding for finding in findings)


def test_audit_against_a_position_sees_a_log_that_was_replaced(team: Shell) -> None:
    revision = _position(team).partition(":")[0]
    result = team.run("audit", "--expect", f"{revision}:{'00' * 32}")
    assert result.exit_code == exits.FINDINGS
    assert "receipt" in result.stdout


def test_audit_and_export_take_owner_of_the_tenant(team: Shell, tmp_path: Path) -> None:
    for words in (
        ("audit",),
        ("export", str(tmp_path / "log.ndjson")),
        ("compact", "r3", "--yes"),
        ("archive", str(tmp_path / "old.ndjson"), "--through", "3", "--yes"),
        ("erase", f"{FINDINGS}@1", "--reason", "no", "--yes"),
    ):
        assert team.run(*words, actor="web").exit_code == exits.DENIED
    assert not list(tmp_path.glob("*.ndjson"))


def test_export_and_import_carry_the_log_with_its_chain(team: Shell, tmp_path: Path) -> None:
    file = str(tmp_path / "log.ndjson")
    kept = team.lines("export", file)
    assert kept == [_position(team)]
    copy = Shell(tmp_path / "copy.db")
    assert copy.lines("import", file) == kept
    assert copy.lines("log", "--limit", "0") == team.lines("log", "--limit", "0")
    assert copy.run("audit", "--expect", kept[0]).exit_code == exits.OK
    assert copy.lines("import", file) == kept


def test_export_overwrites_nothing_and_import_refuses_what_is_cut(
    team: Shell, tmp_path: Path
) -> None:
    file = tmp_path / "log.ndjson"
    team.lines("export", str(file))
    assert team.run("export", str(file)).exit_code == exits.USAGE
    file.write_bytes(file.read_bytes()[:-200])
    copy = Shell(tmp_path / "copy.db")
    result = copy.run("import", str(file))
    assert (result.exit_code, "line" in result.stderr) == (exits.FINDINGS, True)
    assert copy.lines("log") == []
    assert team.run("import", str(tmp_path / "absent")).exit_code == exits.NOT_FOUND


def test_compact_drops_what_was_superseded(team: Shell) -> None:
    revision = team.objects("log", FINDINGS)[1]["revision"]
    (done,) = team.objects("compact", f"r{revision}", "--yes")
    assert done["floor"] == revision
    assert done["payloads"] > 0
    assert team.run("show", f"{FINDINGS}@1").exit_code == exits.NOT_FOUND
    assert team.run("show", f"{FINDINGS}@r{revision}").exit_code == exits.OK
    assert len(team.lines("blame", FINDINGS)) == 5
    assert len(team.lines("log")) == 7
    assert team.run("audit").exit_code == exits.OK


def test_reindex_makes_the_index_anew(team: Shell) -> None:
    (done,) = team.objects("reindex")
    assert done == team.objects("position")[0]
    assert team.run("audit").exit_code == exits.OK


def test_archive_moves_records_to_a_file(team: Shell, tmp_path: Path) -> None:
    revision = team.objects("log", FINDINGS)[1]["revision"]
    words = ("archive", str(tmp_path / "old.ndjson"), "--through", f"r{revision}", "--yes")
    assert team.run(*words).exit_code != exits.OK  # not compacted so far
    team.lines("compact", f"r{revision}", "--yes")
    (done,) = team.objects(*words)
    assert (done["through"], done["written"] > 0) == (revision, True)
    assert (tmp_path / "old.ndjson").exists()
    assert team.run("audit").exit_code == exits.OK
    assert "archived" in "\n".join(team.lines("audit"))
    assert any("its record was archived" in line for line in team.lines("blame", FINDINGS))


def test_erase_destroys_a_version_and_says_what_to_review(team: Shell, memory: Memory) -> None:
    lines = team.lines("erase", f"{FINDINGS}@1", "--reason", "request 311", "--yes")
    assert f"review {FINDINGS}@2: it was based on this" not in lines  # the same entry
    assert team.run("log", "--text", "Churn").stdout == ""
    assert b"Churn" not in team.address.read_bytes()
    assert team.run("show", f"{FINDINGS}@1").exit_code == exits.NOT_FOUND
    assert team.lines("show", FINDINGS)[2] == "L1|[erased]"
    assert team.run("audit").exit_code == exits.OK


def test_erase_takes_any_reference_and_pins_it(team: Shell) -> None:
    (done,) = team.objects("erase", f"{FINDINGS}@-1", "--reason", "x", "--yes")
    assert done["records"] == [4]
    revision = team.objects("log", "task/q3:plan")[1]["revision"]
    at = f"[plan@r{revision}]"
    (done,) = team.objects("erase", at, "--in", "task/q3", "--reason", "x", "--yes")
    assert done["records"] == [1]
    (done,) = team.objects("erase", "task/q3:plan", "--reason", "x", "--yes")
    assert set(done["records"]) >= {1, 2}


@pytest.mark.parametrize(
    "words",
    [
        ("compact", "r3"),
        ("erase", f"{FINDINGS}@1", "--reason", "x"),
        ("archive", "old.ndjson", "--through", "r3"),
    ],
)
def test_what_cannot_be_undone_is_asked_about(
    team: Shell, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _position(team)
    nobody = team.run(*words)
    assert nobody.exit_code == exits.USAGE
    assert "--yes" in nobody.stderr
    monkeypatch.setattr("commonplace.cli.retention._is_asked_on_a_terminal", lambda: True)
    refused = team.run(*words, stdin="n\n")
    assert refused.exit_code == exits.INTERRUPTED
    assert "cannot be undone" in refused.stderr
    assert _position(team) == before
