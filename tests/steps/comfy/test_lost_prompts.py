"""Prompts that are not where they should be: never sent, deleted by somebody, forgotten, late."""

import json
import threading
from collections.abc import Mapping
from typing import Any
from urllib.request import urlopen

import pytest

from tests.steps.comfy.bench import ALL, ComfyBench
from tests.steps.comfy.test_continued import raising, staged, with_input
from tests.steps.comfy.test_exactly_once import made
from tests.steps.comfy.test_failures import post, queue_length, slow
from tests.steps.comfy.workflows import card, node, two_cards
from tests.waiting import wait_until
from vastgui.comfy.answers import Queue, Submitted
from vastgui.comfy.client import ComfyClient
from vastgui.comfy.errors import ServerGone
from vastgui.demo.comfy import PracticeComfy
from vastgui.errors import StepFailed, Stopped
from vastgui.ssh.errors import LinkLost
from vastgui.state import events as ev


def test_an_execute_step_does_not_make_again_what_succeeded(
    bench: ComfyBench, comfy: PracticeComfy, fresh: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed while it downloads; then the instance, and ComfyUI with it, is started again."""
    with monkeypatch.context() as patch:
        dies = raising(StepFailed("It died here."))
        patch.setattr("vastgui.runner.generation.fetch.Fetcher._alone", dies)
        first = bench.run(two_cards(fresh), only=("execute_comfyui_workflow",))
    assert (first.status, first.comfy.outcome) == ("failed", "success")
    comfy.restart()
    ran = bench.go_on(first)
    assert ran.ok, ran.error
    assert [o.downloaded for o in ran.outputs] == [True, True]
    assert json.loads(urlopen(f"{comfy.url}/history", timeout=10).read()) == {}


def test_a_prompt_that_never_left_is_sent_under_the_same_id(
    local: ComfyBench, comfy: PracticeComfy, fresh: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, away = ComfyClient.submit, [ServerGone("here", "the connection is refused")] * 3

    def submit(client: ComfyClient, prompt: Mapping[str, Any], *rest: Any) -> Submitted:
        if away:
            raise away.pop()
        return real(client, prompt, *rest)

    monkeypatch.setattr(ComfyClient, "submit", submit)
    monkeypatch.setattr("vastgui.runner.generation.patience.LOOK_EVERY_S", 0.05)
    ran = local.run(card(fresh))
    assert ran.ok, ran.error
    assert not away
    assert ran.comfy.requeued == 0
    assert len({e.prompt_id for e in ran.events(ev.PromptIntended)}) == 1


def test_a_cut_long_ago_does_not_turn_a_deletion_into_a_restart(
    local: ComfyBench, comfy: PracticeComfy, fresh: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vastgui.runner.generation.following.LOOK_EVERY_S", 0.2)
    first = local.start(slow(fresh))
    first.wait(lambda r: r.state.comfy and r.comfy.started_at)
    comfy.fault("ws", "cut", event="feature_flags")
    second = local.start(card(fresh + 1))
    second.wait(lambda r: r.state.comfy and r.comfy.queue_position is not None)
    shared = second._bench.shared["generation"]
    wait_until(lambda: shared.watch.listener.connections > 1)
    asked: list[float] = []
    real = ComfyClient.queue
    monkeypatch.setattr(ComfyClient, "queue", lambda c: (real(c), asked.append(0.0))[0])
    wait_until(lambda: len(asked) > 3, what="looks at the queue")
    post(comfy, "/queue", {"delete": [second.ran.comfy.prompt_id]})
    ran = second.end()
    assert ran.status == "failed"
    assert "Somebody removed" in ran.error
    assert len(ran.events(ev.PromptIntended)) == 1
    first.stop()
    first.end()


def test_what_was_left_out_is_no_success_when_the_server_goes_away_over_it(
    local: ComfyBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, away = ComfyClient.cancel, [ServerGone("here", "it hung up")]

    def cancel(client: ComfyClient, prompt_id: str) -> None:
        if away:
            raise away.pop()
        real(client, prompt_id)

    monkeypatch.setattr(ComfyClient, "cancel", cancel)
    workflow = two_cards(3)
    del workflow["9"]["inputs"]["image"]
    ran = local.run(workflow)
    assert ran.status == "failed"
    assert "left out" in ran.error
    assert not away
    assert not ran.outputs


def test_a_server_that_breaks_over_one_question_is_not_asked_without_pause(
    local: ComfyBench, comfy: PracticeComfy, fresh: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vastgui.runner.generation.patience.SERVER_PATIENCE_S", 0.5)
    monkeypatch.setattr("vastgui.runner.generation.patience.LOOK_EVERY_S", 0.1)
    comfy.fault("http", "drop_before", path="/prompt", method="POST")
    comfy.fault("http", "error", path="/history", status=500, text="broken", times=0)
    asked: list[str] = []
    real = ComfyClient.history
    monkeypatch.setattr(
        ComfyClient, "history", lambda c, prompt_id: asked.append(prompt_id) or real(c, prompt_id)
    )
    ran = local.run(card(fresh))
    assert ran.status == "failed"
    assert "has been away" in ran.error
    assert len(asked) < 12


def test_what_a_lost_prompt_had_made_does_not_fail_the_one_after_it(
    local: ComfyBench, comfy: PracticeComfy, fresh: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A restart wipes temporary files: the picture is in the second prompt's outputs, though."""
    workflow = {
        "1": node("EmptyImage", width=16, height=16, batch_size=1, color=fresh),
        "2": node("PreviewImage", images=["1", 0]),
        "5": node("RigSlowSteps", steps=30, delay=0.02, preview="none", seed=fresh),
        "6": node("SaveImage", images=["5", 0], filename_prefix=f"late{fresh}"),
    }
    monkeypatch.setattr("vastgui.runner.generation.fetch.TRIES", 40)
    comfy.fault("http", "error", path="/view", status=502, text="away", times=20)
    live = local.start(workflow)
    live.wait(lambda r: r.state.comfy and r.outputs and r.comfy.current_node == "5")
    comfy.restart()
    ran = live.end()
    assert ran.comfy.requeued == 1
    assert ran.ok, ran.error
    assert len(made(comfy, fresh)) == 1


def test_a_prompt_that_arrives_after_the_stop_is_taken_back(
    local: ComfyBench, comfy: PracticeComfy, fresh: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server checks the prompt for a while before it queues it, whether we wait or not."""
    late: list[threading.Timer] = []

    def submit(_: ComfyClient, prompt: Mapping[str, Any], prompt_id: str, *__: Any) -> Submitted:
        sent = {"prompt": prompt, "prompt_id": prompt_id, "client_id": prompt_id}
        late.append(threading.Timer(0.4, post, (comfy, "/prompt", sent)))
        late[0].start()
        live.stop()
        raise Stopped("The user stopped the run.")

    monkeypatch.setattr(ComfyClient, "submit", submit)
    live = local.start(slow(fresh))
    ran = live.end()
    late[0].join()
    assert ran.status == "cancelled"
    assert ran.comfy.outcome == "cancelled"
    wait_until(lambda: queue_length(comfy) == 0, timeout_s=3)


def test_a_prompt_given_up_for_lost_is_cancelled_by_the_continued_run_too(
    local: ComfyBench, comfy: PracticeComfy, fresh: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vastgui.runner.generation.submission.SETTLE_S", 0.1)
    comfy.fault("http", "drop_before", path="/prompt", method="POST")
    with monkeypatch.context() as patch:
        dies = raising(StepFailed("It died here."))
        patch.setattr("vastgui.runner.generation.following.Follower.run", dies)
        first = local.run(slow(fresh, 1.0))
    lost, kept = (e.prompt_id for e in first.events(ev.PromptIntended))
    late = {"prompt": slow(fresh + 1, 20.0), "prompt_id": lost, "client_id": lost}
    post(comfy, "/prompt", late)
    ran = local.go_on(first)
    assert ran.ok, ran.error
    assert ran.comfy.prompt_id == kept
    assert f"{lost}, given up for lost, turned up: it is cancelled" in ran.log
    wait_until(lambda: queue_length(comfy) == 0)


def test_a_question_that_nobody_waits_for_is_withdrawn(
    local: ComfyBench, fresh: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The link is lost while the user is asked whether to wait on."""
    first = local.start(slow(fresh, 3.0))
    first.wait(lambda r: r.state.comfy and r.comfy.started_at)
    lost = [LinkLost("somewhere", "a tunnel")]
    real = ComfyClient.queue

    def queue(client: ComfyClient) -> Queue:
        if lost and second.ran.state.question and client is second_client():
            raise lost.pop()
        return real(client)

    def second_client() -> ComfyClient:
        client: ComfyClient = second._bench.shared["generation"].server.client
        return client

    monkeypatch.setattr(ComfyClient, "queue", queue)
    monkeypatch.setattr("vastgui.runner.generation.following.LOOK_EVERY_S", 0.2)
    second = local.start(card(fresh), queue_timeout_s=0.8)
    second.wait(lambda r: r.state.steps[3].attempt == 2)
    assert second.ran.events(ev.RunAnswered)[0].answer == ""
    first.stop()
    first.end()
    ran = second.end()
    assert ran.ok, ran.error


def test_inputs_stay_as_long_as_an_output_is_not_at_home(
    bench: ComfyBench, comfy: PracticeComfy, fresh: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when the user continues with the last step."""
    with monkeypatch.context() as patch:
        dies = raising(StepFailed("It died here."))
        patch.setattr("vastgui.runner.generation.fetch.Fetcher._alone", dies)
        first = with_input(bench, fresh)
    assert first.status == "failed"
    ran = bench.go_on(first, ALL.index("clean_up"))
    assert "not every output is at home" in ran.message("clean_up")
    assert staged(comfy, fresh)
    ran = bench.go_on(first)
    assert ran.ok, ran.error
    assert staged(comfy, fresh) == []
