"""Every figure `/metrics` shows, in one place."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()
_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5)

ACCEPT_SECONDS = Histogram(
    "scrm_accept_seconds", "From a verified callback to its commit", registry=REGISTRY, buckets=_FAST
)
CALLBACKS = Counter("scrm_callbacks_total", "Callbacks by door and answer", ["door", "status"], registry=REGISTRY)
EVENTS = Counter("scrm_events_total", "Events handled, by kind and outcome", ["kind", "outcome"], registry=REGISTRY)
EVENT_SECONDS = Histogram("scrm_event_seconds", "Handling of one event", ["kind"], registry=REGISTRY, buckets=_FAST)
ANSWER_SECONDS = Histogram(
    "scrm_answer_seconds", "From receipt to the answer's hand-over to the platform", registry=REGISTRY, buckets=_FAST
)
SENDS = Counter("scrm_sends_total", "Outbox rows by door and result code", ["door", "code"], registry=REGISTRY)
QUEUE = Gauge("scrm_queue_length", "Waiting rows", ["queue", "lane"], registry=REGISTRY)
QUEUE_AGE = Gauge("scrm_queue_age_seconds", "Age of the oldest waiting row", ["queue", "lane"], registry=REGISTRY)
BUDGET_USED = Gauge("scrm_api_budget_used", "Calls or pushes used this month", ["budget"], registry=REGISTRY)
BUDGET_LIMIT = Gauge("scrm_api_budget_limit", "Calls or pushes allowed this month", ["budget"], registry=REGISTRY)
DOOR_OPEN = Gauge("scrm_door_open", "1 while the door is connected", ["door"], registry=REGISTRY)
TROUBLE = Gauge("scrm_trouble", "1 while it lasts: the database, a door or a kind of call", ["what"], registry=REGISTRY)
JOBS = Counter("scrm_jobs_total", "Job runs by job and outcome", ["job", "outcome"], registry=REGISTRY)
LEXICON = Gauge("scrm_lexicon_names", "Names the understanding knows", registry=REGISTRY)
