"""Random histories of a run, of events that mean something together, for property tests."""

from dataclasses import replace

from hypothesis import strategies as st

from tests.runner.rig import step
from tests.state.tapes import TAPES
from vastgui.state import events as ev
from vastgui.state.plan import Plan, new_id

PLAN = Plan(
    workflow_id=new_id(),
    label="A run",
    steps=(step("one"), step("two")),
    ssh_connection="root@h:1",
    metadata={"initiated_from": "cli"},
)
_IDS = st.sampled_from(("1", "2", "3", "4", "5"))
_PERCENT = st.none() | st.floats(-5, 120)
_NUMBER = st.integers(0, 4)
_TEXT = st.sampled_from(("", "a word", "ünïcode ☃"))
_ANY_OF_THE_TAPES = st.sampled_from([event for events, _ in TAPES.values() for event in events])


def _lists(labels: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    return {"node_ids": labels, "node_types": labels, "titles": labels}


_EVENTS = st.one_of(
    _ANY_OF_THE_TAPES,
    st.builds(
        ev.StepProgressed,
        step=st.integers(0, 2),
        kind=st.sampled_from(("simple", "percentage", "bytes", "checklist")),
        percent=_PERCENT,
        message=_TEXT,
        done=st.none() | st.floats(0, 1e9),
        total=st.none() | st.floats(0, 1e9),
        eta_s=st.none() | st.floats(0, 1e4),
    ),
    st.builds(ev.ItemsListed, step=st.integers(0, 1), labels=st.just(("a", "b", "c"))),
    st.builds(
        ev.ItemChanged,
        step=st.integers(0, 1),
        item=_NUMBER,
        status=st.sampled_from(("active", "completed", "failed")),
        percent=_PERCENT,
    ),
    st.lists(_IDS, max_size=4, unique=True).flatmap(
        lambda ids: st.builds(ev.NodesListed, offset=_NUMBER, **{
            key: st.just(value) for key, value in _lists(tuple(ids)).items()
        })
    ),
    st.builds(
        ev.NodesChanged,
        node_ids=st.lists(_IDS, max_size=3).map(tuple),
        status=st.sampled_from(("pending", "executing", "executed", "cached", "error")),
    ),
    st.builds(ev.NodeProgressed, node_id=_IDS, percent=_PERCENT, message=_TEXT),
    st.builds(ev.CheckMade, name=_TEXT, level=st.sampled_from(("green", "red")), message=_TEXT),
    st.builds(ev.OutputFound, number=_NUMBER, filename=_TEXT),
    st.builds(ev.OutputSaved, number=_NUMBER, path=_TEXT, size_bytes=st.integers(0, 2**40)),
)  # fmt: skip


def histories(max_size: int = 25) -> st.SearchStrategy[list[ev.AnyEvent]]:
    """Events with the stamps that a store gives them."""

    def stamped(events: list[ev.AnyEvent]) -> list[ev.AnyEvent]:
        return [
            replace(event, seq=n, at=round(1_700_000_000 + n * 1.001, 3), mono=float(n))
            for n, event in enumerate(events, 1)
        ]

    return st.lists(_EVENTS, max_size=max_size).map(stamped)
