"""The house stays as drawn: who imports whom, what Dagster shows, what the lock files say, which commands explain themselves."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from alpr_assets.cli import main
from alpr_assets.definitions import defs
from alpr_assets.settings import ROOT


def test_arrows_between_folders_go_one_way() -> None:
    """The contracts stand in pyproject.toml."""
    linted = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert linted.returncode == 0, linted.stdout


def test_the_pipeline_is_exactly_this() -> None:
    """A stray file cannot join the pipeline, and a check cannot leave it unnoticed."""
    repository = defs.get_repository_def()
    assert {key.to_user_string() for key in repository.asset_graph.get_all_asset_keys()} == {
        "raw_captures",
        "plate_reads",
        "hotlists",
        "hotlist_matches",
        "retention_eligible",
        "held_evidence",
        "purge",
        "purge_completions",
        "record_heads",
        "member_standing",
        "misuse_signals",
        "audit_report",
        "transparency_report",
        "releases",
    }
    assert {key.to_user_string() for key in repository.asset_graph.asset_check_keys} == {
        "raw_captures:captures_are_sound",
        "raw_captures:every_capture_has_its_image",
        "plate_reads:reads_are_sound",
        "hotlists:every_line_is_accounted_for",
        "hotlists:every_file_was_accepted",
        "hotlists:entries_are_sound",
        "hotlists:every_list_is_fresh",
        "hotlist_matches:hits_are_sound",
        "hotlist_matches:watch_hits_are_sound",
        "hotlist_matches:every_hit_is_verified_in_time",
        "retention_eligible:retention_is_sound",
        "retention_eligible:nothing_is_past_its_maximum",
        "purge:nothing_is_left",
        "held_evidence:held_evidence_is_there",
        "held_evidence:every_hold_is_reviewed_in_time",
        "record_heads:every_witness_has_a_head_in_time",
        "member_standing:every_export_is_gone_in_time",
        "misuse_signals:every_signal_is_decided_in_time",
        "audit_report:an_audit_is_signed_in_time",
        "audit_report:every_finding_is_closed_in_time",
        "transparency_report:every_month_is_published",
        "transparency_report:the_policy_at_work_is_in_force",
        "releases:nothing_left_outside_its_approval",
        "releases:every_request_is_answered_in_time",
    }
    assert {schedule.name for schedule in repository.schedule_defs} == {
        "heads_to_witnesses",
        "members_reviewed",
        "purged_rewritten",
        "report_published",
        "retention_judged",
        "signals_reviewed",
        "audits_reported",
        "releases_looked_at",
    }
    assert {sensor.name for sensor in repository.sensor_defs} == {
        "landing",
        "hotlist_files",
        "purges_asked",
        "purges_begun",
    }
    jobs = {job.name for job in repository.get_all_jobs() if not job.name.startswith("__")}
    assert jobs == {
        "land_drop",
        "process_day",
        "import_hotlists",
        "rematch",
        "send_record_heads",
        "review_members",
        "review_signals",
        "report_audits",
        "publish_report",
        "judge_retention",
        "draft_purge",
        "execute_purge",
        "rewrite_purged",
        "look_at_releases",
    }


def test_every_asset_says_what_it_is_and_who_answers_for_it() -> None:
    for spec in defs.resolve_all_asset_specs():
        assert spec.description
        assert spec.owners
        assert spec.group_name != "default"
        assert spec.kinds


def test_importing_the_definitions_opens_nothing(tmp_path: Path) -> None:
    """A recogniser's version is asked for, and its module may import a picture library; nothing loads a model."""
    code = (
        "import sys, alpr_assets.definitions\n"
        "heavy = {'paddleocr', 'great_expectations', 'onnxruntime', 'matplotlib.pyplot'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    environment = {
        "PATH": "",
        "ALPR_DATA": str(tmp_path / "data"),
        "ALPR_KEYS": str(tmp_path / "keys"),
        "HOME": str(tmp_path),
    }
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True)
    assert list(tmp_path.iterdir()) == []


def commands(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[str, click.Command]]:
    found = []
    for name, command in group.commands.items():
        found.append((" ".join((*path, name)), command))
        if isinstance(command, click.Group):
            found += commands(command, (*path, name))
    return found


@pytest.mark.parametrize(("name", "command"), commands(main), ids=[name for name, _ in commands(main)])
def test_every_command_has_help_with_an_example(name: str, command: click.Command) -> None:
    text = command.help or ""
    assert re.search(rf"Example: (\w+=\S+ )?alpr {name.split(maxsplit=1)[0]}\b", text), (
        f"alpr {name} --help gives no example"
    )


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock", "requirements-tools.lock"])
def test_lock_files_pin_by_hash_and_name_no_index(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert "index-url" not in text
    pinned = re.findall(r"^([a-z0-9.\-_]+)==\S+ ", text, flags=re.MULTILINE)
    assert pinned
    for block in re.split(r"\n(?=[a-z0-9])", text):
        assert "--hash=sha256:" in block, block.splitlines()[0]


def test_the_fonts_lock_names_no_address() -> None:
    """npm writes where a package was fetched from, and where its author takes gifts; neither is needed to install it."""
    text = (ROOT / "alpr_training" / "fonts" / "package-lock.json").read_text()
    assert "://" not in text
    assert text.count('"integrity": "sha512-') == text.count('"node_modules/')


def test_every_dependency_is_explained_in_one_line() -> None:
    lines = (ROOT / "pyproject.toml").read_text().split("dependencies = [")[1].split("]\n")[0].splitlines()
    assert all("#" in line for line in lines if line.strip())
