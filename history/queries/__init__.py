"""The only reader: what is believed, what was believed, what became different, and how the sources fare."""

from history.queries.catalog import (
    ListedModel,
    ListedOffer,
    ListedProvider,
    ListedSource,
    has_model,
    model_names,
    models,
    providers,
)
from history.queries.changes import (
    Change,
    Story,
    Wanted,
    changes_after,
    changes_before,
    narrowed,
    stories,
    stories_after,
    story,
)
from history.queries.discrepancies import Disagreement, disagreements
from history.queries.jumps import JUMP_BP, Jump, jumps_after
from history.queries.naming import called_then
from history.queries.plans import Plan, PlanKey, plans
from history.queries.prices import Price, Version, as_of, timeline
from history.queries.revision import Newest, Revision, is_migrated, newest, revision
from history.queries.runs import Evidence, RunRecord, SnapshotRecord, evidence_of, runs, snapshot
from history.queries.scope import Scope
from history.queries.status import HeldPrice, SourceStatus, statuses
from history.queries.volumes import (
    AskedVolumes,
    ListedHost,
    ListedNotice,
    ListedVolume,
    VolumePlace,
    hosts,
    notices,
    volumes,
)
from history.queries.witnesses import best_as_of, best_timeline

__all__ = [
    "JUMP_BP",
    "AskedVolumes",
    "Change",
    "Disagreement",
    "Evidence",
    "HeldPrice",
    "Jump",
    "ListedHost",
    "ListedModel",
    "ListedNotice",
    "ListedOffer",
    "ListedProvider",
    "ListedSource",
    "ListedVolume",
    "Newest",
    "Plan",
    "PlanKey",
    "Price",
    "Revision",
    "RunRecord",
    "Scope",
    "SnapshotRecord",
    "SourceStatus",
    "Story",
    "Version",
    "VolumePlace",
    "Wanted",
    "as_of",
    "best_as_of",
    "best_timeline",
    "called_then",
    "changes_after",
    "changes_before",
    "disagreements",
    "evidence_of",
    "has_model",
    "hosts",
    "is_migrated",
    "jumps_after",
    "model_names",
    "models",
    "narrowed",
    "newest",
    "notices",
    "plans",
    "providers",
    "revision",
    "runs",
    "snapshot",
    "statuses",
    "stories",
    "stories_after",
    "story",
    "timeline",
    "volumes",
]
