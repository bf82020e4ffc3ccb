"""What Dagster shows: the lifecycle's assets, checks, jobs, sensors and schedules. Importing this opens nothing."""

import dagster as dg

from alpr_assets.defs import accountability, audits, captures, hotlists, matches, reads, releases, retention
from alpr_assets.defs.store import StoreResource

defs = dg.Definitions(
    assets=[
        captures.raw_captures,
        reads.plate_reads,
        hotlists.hotlists,
        matches.hotlist_matches,
        retention.retention_eligible,
        retention.held_evidence,
        retention.purge,
        retention.purge_completions,
        accountability.record_heads,
        accountability.member_standing,
        audits.misuse_signals,
        audits.audit_report,
        accountability.transparency_report,
        releases.releases,
    ],
    asset_checks=[
        captures.captures_are_sound,
        captures.every_capture_has_its_image,
        reads.reads_are_sound,
        hotlists.entries_are_sound,
        matches.hits_are_sound,
        matches.watch_hits_are_sound,
        matches.every_hit_is_verified_in_time,
        matches.every_list_is_fresh,
        retention.retention_is_sound,
        retention.held_evidence_is_there,
        retention.every_hold_is_reviewed_in_time,
        retention.nothing_is_past_its_maximum,
    ],
    jobs=[
        captures.land_drop,
        captures.process_day,
        hotlists.import_hotlists,
        hotlists.rematch,
        accountability.send_record_heads,
        accountability.review_members,
        audits.review_signals,
        audits.report_audits,
        accountability.publish_report,
        retention.judge_retention,
        retention.draft_purge,
        retention.execute_purge,
        retention.rewrite_purged,
        releases.look_at_releases,
    ],
    sensors=[captures.landing, hotlists.hotlist_files, retention.purges_asked, retention.purges_begun],
    schedules=[
        accountability.heads_to_witnesses,
        accountability.members_reviewed,
        accountability.report_published,
        audits.signals_reviewed,
        audits.audits_reported,
        retention.retention_judged,
        retention.purged_rewritten,
        releases.releases_looked_at,
    ],
    resources={"store": StoreResource()},
    # Parallel work happens inside an asset; a process for each step costs 20–35 s a day.
    executor=dg.in_process_executor,
)
