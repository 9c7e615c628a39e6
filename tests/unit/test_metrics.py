"""What operators see of the counters that every message moves."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from chatserver import metrics


def shown(name: str, **labels: str) -> float | None:
    for family in text_string_to_metric_families(metrics.render().decode()):
        for sample in family.samples:
            if sample.name == name and sample.labels == labels:
                assert family.type == "counter"
                return sample.value
    return None


def test_a_tally_is_shown_as_a_counter() -> None:
    before = shown("chat_deliveries_total")
    assert before is not None  # from the start, so that a rate can be seen
    metrics.deliveries.inc(3)
    metrics.deliveries.inc()
    assert shown("chat_deliveries_total") == before + 4


def test_a_tally_with_a_label_has_a_figure_for_each_value() -> None:
    metrics.calls.inc(of="one.thing")
    metrics.calls.inc(of="another")
    metrics.calls.inc(of="another")
    assert shown("chat_calls_total", event="one.thing") == 1
    assert shown("chat_calls_total", event="another") == 2
    assert shown("chat_calls_total") is None
