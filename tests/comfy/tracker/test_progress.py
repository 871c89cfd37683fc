"""Progress of one prompt: what recordings do not hold, and whatever a server may invent."""

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vastgui.comfy import changes as ch
from vastgui.comfy.messages import Message, NodeText, Preview
from vastgui.comfy.pace import History
from vastgui.comfy.progress import Tracker

ME = "0a0a0a0a-0000-4000-8000-000000000000"


def chain(length: int, types: str = "Node") -> dict[str, Any]:
    """Nodes "1" to "length", each taking the output of the one before."""
    return {
        str(n): {"class_type": types, "inputs": {"x": [str(n - 1), 0]} if n > 1 else {}}
        for n in range(1, length + 1)
    }


def entry(value: Any, maximum: Any, state: str = "running", node: str = "1") -> dict[str, Any]:
    return {
        "value": value,
        "max": maximum,
        "state": state,
        "real_node_id": node,
        "display_node_id": node,
    }


class Run:
    """A tracker and the shortest way to tell it something."""

    def __init__(self, prompt: dict[str, Any], **options: Any) -> None:
        self.tracker = Tracker(prompt, ME, **options)
        self.now = 100.0

    def say(self, kind: str, *, after: float = 0.0, **data: Any) -> None:
        self.now += after
        self.tracker.feed(Message(kind, {"prompt_id": ME, **data}), self.now)

    def states(self, *, after: float = 0.0, **entries: Any) -> None:
        self.say("progress_state", after=after, nodes=entries)

    def drain(self, after: float = 10.0) -> list[ch.Change]:
        self.now += after
        return self.tracker.changes(self.now)

    def statuses(self) -> dict[str, str]:
        return {node.node_id: node.status for node in self.tracker.nodes}

    def succeed(self, outputs: Any = None, **more: Any) -> None:
        messages = [
            ["execution_start", {"timestamp": 1_700_000_000_000}],
            *more.get("messages", []),
        ]
        status = {"status_str": "success", "completed": True, "messages": messages}
        self.tracker.history_seen({"status": status, "outputs": outputs or {}}, self.now)


def test_nodes_of_a_subgraph_and_nodes_made_at_run_time_are_told_apart() -> None:
    prompt = {"57:3": {"class_type": "A", "inputs": {}}, "57": {"class_type": "B", "inputs": {}}}
    run = Run(prompt)

    run.say("executing", node="57:3", display_node="57:3")
    run.say("progress", node="57:3.0.0.1", value=1, max=4)

    assert run.statuses() == {"57:3": "executing", "57": "pending"}
    assert run.tracker.percent == pytest.approx(100 * (0.25 / 2) / 2)


def test_a_lazy_node_that_never_ran_was_not_needed() -> None:
    run = Run(chain(3))
    run.states(**{"1": entry(1, 1, "finished"), "3": entry(1, 1, "finished", "3")})
    run.say("execution_success")
    run.say("executing", node=None)
    run.succeed()

    told = [c for c in run.drain() if isinstance(c, ch.NodesChanged)]

    assert run.statuses() == {"1": "executed", "2": "pending", "3": "executed"}
    assert ch.NodesChanged(("2",), "pending", "was not needed") in told
    assert run.tracker.percent == 100


def test_a_run_that_nobody_listened_to_was_executed() -> None:
    run = Run(chain(3))
    run.succeed(messages=[["execution_cached", {"nodes": ["1"]}]])

    assert run.statuses() == {"1": "cached", "2": "executed", "3": "executed"}


def test_only_what_the_wanted_outputs_need_counts() -> None:
    prompt = {**chain(2), "8": {"class_type": "Other", "inputs": {}}}
    run = Run(prompt, outputs_to_execute=["2"])

    run.states(**{"1": entry(1, 1, "finished")})

    assert run.tracker.percent == 50


def test_several_bars_of_one_node_never_take_the_whole_back() -> None:
    run = Run(chain(2))
    seen = []
    for value, maximum in [(3, 3), (1, 10), (5, 10), (0, 0), (7, 5), (-3, 4)]:
        run.states(**{"1": entry(value, maximum)})
        run.say("progress", node="1", value=value, max=maximum)
        run.drain(1.0)
        seen.append((run.tracker.percent, next(iter(run.tracker.nodes)).message))

    assert [said for _, said in seen] == ["step 3 of 3", "step 1 of 10", "step 5 of 10", "", "step 5 of 5", "step 0 of 4"]  # fmt: skip
    assert {percent for percent, _ in seen} == {49.5}


def test_servers_without_progress_state_finish_a_node_by_starting_the_next() -> None:
    run = Run(chain(3))
    run.say("executing", node="1")
    run.say("executing", node="2")

    assert run.statuses() == {"1": "executed", "2": "executing", "3": "pending"}


def test_nodes_that_run_side_by_side_do_not_end_each_other() -> None:
    run = Run(chain(3))
    run.states(**{"1": entry(0, 1)})
    run.say("executing", node="1")
    run.states(**{"1": entry(0, 1), "2": entry(0, 1, node="2")})
    run.say("executing", node="2")
    assert run.statuses() == {"1": "executing", "2": "executing", "3": "pending"}

    run.say("executed", node="1", output={"images": [{"filename": "a.png"}]})
    run.states(after=5.0, **{"1": entry(0, 1), "2": entry(1, 4, node="2")})
    first = next(iter(run.tracker.nodes))

    assert (first.status, first.started_at) == ("executing", run.now - 5.0)
    assert [c.filename for c in run.drain() if isinstance(c, ch.OutputFound)] == ["a.png"]


def test_after_a_reconnect_the_running_node_is_named_without_a_prompt() -> None:
    run = Run(chain(2))

    run.tracker.feed(Message("executing", {"node": "2"}), 5.0)

    assert run.tracker.is_running
    assert run.statuses()["2"] == "executing"


def test_prompts_of_others_change_nothing() -> None:
    run = Run(chain(2))
    for kind in ("execution_start", "executing", "progress_state", "executed", "execution_success", "execution_error", "status"):  # fmt: skip
        other = {"prompt_id": "someone-else", "node": "1", "nodes": {"1": entry(1, 2)}, "output": {"images": [{"filename": "a"}]}}  # fmt: skip
        run.tracker.feed(Message(kind, other), 1.0)
        run.tracker.feed(Message(kind, {"status": {"exec_info": {"queue_remaining": 9}}}), 1.0)
    run.tracker.feed(Message("executing", {"node": None}), 1.0)
    run.tracker.feed(Message("executing", {"node": "1", "prompt_id": None}), 1.0)
    run.tracker.feed(NodeText("1", "not yet"), 1.0)

    assert run.drain() == []
    assert run.tracker.preview_node(Preview("jpeg", b"x")) is None
    assert run.tracker.preview_node(Preview("jpeg", b"x", "1", "someone-else")) is None


def test_previews_and_texts_are_given_to_the_running_node() -> None:
    run = Run(chain(2))
    run.say("executing", node="2")
    run.drain()
    run.tracker.feed(NodeText("2", "loading\x1b[31m weights"), run.now)

    assert run.tracker.preview_node(Preview("jpeg", b"x")) == "2"
    assert run.tracker.preview_node(Preview("jpeg", b"x", "1", ME)) == "1"
    assert run.drain() == [ch.NodeProgressed("2", None, "loading weights")]


def test_the_place_in_the_queue_counts_the_prompts_before_ours() -> None:
    run = Run(chain(1))

    positions = [
        run.tracker.queue_seen(["a"], ["b", ME], 1.0),
        run.tracker.queue_seen(["b"], [ME], 2.0),
        run.tracker.queue_seen([], [ME], 3.0),
        run.tracker.queue_seen([ME], ["c"], 4.0),
        run.tracker.queue_seen([], [], 5.0),
    ]

    assert positions == [2, 1, 0, 0, None]
    assert run.drain() == [ch.QueueMoved(0), ch.PromptStarted(None)]  # only the newest place


def test_an_output_is_named_once_and_numbers_go_on() -> None:
    run = Run(chain(2), first_output=5)
    shown = {"images": [{"filename": "a.png", "type": "output"}], "text": ["hi"]}
    run.say("executed", node="2", display_node="2", output=shown)
    first = [c for c in run.drain() if isinstance(c, ch.OutputFound | ch.TextFound)]
    run.say("executed", node="2", output={"gifs": [{"filename": "a.png"}]})
    run.succeed({"2": {**shown, "gifs": [{"filename": "b.gif", "subfolder": "v"}]}})

    later = [c for c in run.drain() if isinstance(c, ch.OutputFound | ch.TextFound)]

    assert first == [
        ch.OutputFound(5, "2", "images", "a.png", "", "output"),
        ch.TextFound(6, "2", "text", "hi"),
    ]
    assert later == [ch.OutputFound(7, "2", "gifs", "b.gif", "v", "output")]


def test_too_many_outputs_are_said() -> None:
    run = Run(chain(1), max_outputs=3)
    many = [{"filename": f"{n}.png"} for n in range(10)] + [{"filename": 7}]
    run.say("executed", node="1", output={"images": many})
    run.succeed({"1": {"images": many}})

    told = run.drain()

    assert sum(isinstance(c, ch.OutputFound) for c in told) == 3
    (left,) = [c for c in told if isinstance(c, ch.OutputsLeftOut)]
    assert left.message == (
        "7 more outputs were left out: a run keeps at most 3. "
        "1 output was left out: without a usable file name."
    )


def test_the_socket_saw_the_end_but_history_was_lost() -> None:
    heard, missed = Run(chain(1)), Run(chain(1))
    for run in (heard, missed):
        run.say("execution_start")
        run.say("executing", node="1")
    missed.tracker.gap()
    for run in (heard, missed):
        run.say("execution_success")
        run.tracker.gap()  # the server went away afterwards

    assert heard.tracker.gone("restarted", 9.0).outcome == "success"
    assert missed.tracker.gone("restarted", 9.0).outcome == "lost"


def test_changes_are_paced_but_none_is_lost() -> None:
    run = Run(chain(200))
    lines = 0
    for n in range(1, 201):
        run.say("executing", node=str(n), after=0.01)
        run.states(**{str(n): entry(1, 3, node=str(n))})
        lines += len(run.drain(0.0))
        run.states(**{str(n): entry(3, 3, "finished", node=str(n))}, after=0.01)
        lines += len(run.drain(0.0))
    run.succeed()
    last = run.drain(0.0)

    assert lines <= 4.0 * 10 + 2
    assert isinstance(last[-1], ch.Ended)
    assert set(run.statuses().values()) == {"executed"}


def test_traffic_of_a_long_workflow_costs_little() -> None:
    """300 nodes, 30 steps at the end: 20 MB of progress_state, each frame naming all nodes again."""
    run = Run(chain(300))
    done = {str(n): entry(1, 1, "finished", str(n)) for n in range(1, 300)}
    started = time.process_time()
    for n in range(1, 300):
        run.say("progress_state", nodes=dict(list(done.items())[:n]))
    for step in range(400):
        run.say("progress_state", nodes={**done, "300": entry(step, 400, node="300")}, after=0.1)
        run.drain(0.0)

    assert run.tracker.percent > 99 * 299 / 300
    assert time.process_time() - started < 1.5


def test_the_rest_of_a_sampler_is_judged_by_its_own_pace() -> None:
    run = Run(chain(3), history=History({"Node": 2.0}))
    run.say("execution_start")
    run.states(**{"1": entry(0, 1)})
    run.states(**{"1": entry(1, 1, "finished"), "2": entry(0, 20, node="2")}, after=3.0)
    run.states(**{"2": entry(5, 20, node="2")}, after=10.0)

    assert run.tracker.eta_s(run.now) == pytest.approx(30 + 2.0)


def test_earlier_runs_give_the_time_before_anything_is_known_here() -> None:
    run = Run(chain(3), history=History(run_s=60.0))
    assert run.tracker.eta_s(run.now) is None  # still queued
    run.say("execution_start")

    assert run.tracker.eta_s(run.now + 20) == pytest.approx(40)
    assert run.tracker.eta_s(run.now + 90) is None


def test_nodes_weigh_what_they_took_before() -> None:
    prompt = {**chain(1, "Loader"), "2": {"class_type": "Sampler", "inputs": {"x": ["1", 0]}}}
    run = Run(prompt, history=History({"Loader": 1.0, "Sampler": 9.0}))

    run.states(**{"1": entry(1, 1, "finished")})

    assert run.tracker.percent == pytest.approx(10)


# -- whatever a server may send ---------------------------------------------------------------

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([float("nan"), float("inf"), 1e308, -1e308, 10**400, -5, 0, 1, 3, 20, 20.5]),
    st.text(max_size=5),
    st.lists(st.integers(), max_size=2),
)
IDS = st.sampled_from(["1", "2", "3", "1.0.0.2", "2.0.1", "99", "", "x" * 300])
STATES = st.dictionaries(
    IDS,
    st.fixed_dictionaries(
        {"value": ODD, "max": ODD, "state": st.sampled_from(["running", "finished", "error", 3])},
        optional={"real_node_id": IDS | ODD, "display_node_id": IDS | ODD, "activity": ODD},
    )
    | ODD,
    max_size=4,
)
DATA = st.fixed_dictionaries(
    {},
    optional={
        "prompt_id": st.sampled_from([ME, ME, ME, "other", None, 7]),
        "node": IDS | ODD,
        "display_node": IDS | ODD,
        "nodes": STATES | st.lists(IDS, max_size=3) | ODD,
        "value": ODD,
        "max": ODD,
        "output": st.dictionaries(st.text(max_size=4), st.lists(st.fixed_dictionaries({"filename": ODD}) | ODD, max_size=3), max_size=2) | ODD,
        "timestamp": ODD,
        "node_id": IDS | ODD,
        "exception_message": ODD,
        "traceback": ODD,
        "executed": st.lists(IDS | ODD, max_size=3) | ODD,
    },
)  # fmt: skip
MESSAGES = st.builds(
    Message,
    st.sampled_from(
        ["execution_start", "execution_cached", "executing", "progress", "progress_state", "progress_state",
         "executed", "execution_success", "execution_error", "execution_interrupted", "status", "x.toast"]
    ),
    DATA,
)  # fmt: skip
FRAMES = st.one_of(MESSAGES, st.builds(NodeText, IDS, st.text(max_size=9)))
ENTRIES = st.fixed_dictionaries(
    {},
    optional={
        "status": st.fixed_dictionaries(
            {},
            optional={
                "status_str": st.sampled_from(["success", "error"]) | ODD,
                "completed": ODD,
                "messages": st.lists(
                    st.tuples(st.sampled_from(["execution_error", "execution_success", "execution_start"]), DATA) | ODD,
                    max_size=3,
                ) | ODD,
            },
        ) | ODD,
        "outputs": st.dictionaries(IDS, st.dictionaries(st.text(max_size=3), ODD, max_size=2), max_size=2) | ODD,
        "meta": st.dictionaries(IDS, ODD, max_size=2) | ODD,
        "prompt": ODD,
    },
) | ODD  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(frames=st.lists(FRAMES, max_size=12), final=ENTRIES, gone=st.booleans())
def test_no_frame_breaks_the_tracker(frames: list[Any], final: Any, gone: bool) -> None:
    run, percents, told = Run(chain(3)), [], []
    for number, frame in enumerate(frames):
        run.tracker.feed(frame, number * 0.05)
        told += run.tracker.changes(number * 0.05)
        percents.append(run.tracker.percent)
        eta = run.tracker.eta_s(number * 0.05)
        assert eta is None or 0 <= eta < 1e6
    if gone:
        run.tracker.gone("restarted", 9.0)
    verdict = run.tracker.history_seen(final, 9.0)
    told += run.tracker.changes(9.0)

    assert percents == sorted(percents)
    assert all(0 <= percent < 100 for percent in percents)
    assert (run.tracker.percent == 100) is (verdict.outcome == "success")
    assert [c for c in told if isinstance(c, ch.Ended)] == [ch.Ended(verdict)]
    assert "executing" not in run.statuses().values()
    for change in told:
        if isinstance(change, ch.NodeProgressed):
            assert change.percent is None or 0 <= change.percent <= 99


def test_a_flood_of_nodes_in_one_frame_is_bounded() -> None:
    run = Run(chain(3))
    run.say("execution_start")
    flood = {f"1.0.{n}": {"value": n, "max": 1e308, "state": "running"} for n in range(100_000)}
    started = time.process_time()
    run.say("progress_state", nodes=flood)
    run.say("execution_cached", nodes=list(flood))
    run.say("executed", node="1", output={f"k{n}": [None] for n in range(100_000)})

    assert time.process_time() - started < 1.5
    assert sum(len(node.parts) for node in run.tracker.nodes) <= 20_000
    assert run.tracker.percent < 100
