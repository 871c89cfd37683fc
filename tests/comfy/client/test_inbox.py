"""The inbox keeps what matters, in order, and never more than it may."""

from concurrent.futures import ThreadPoolExecutor

from vastgui.comfy.inbox import Inbox
from vastgui.comfy.messages import Message, NodeText, Preview


def progress(value: int, node: str = "3", prompt: str = "p") -> Message:
    return Message("progress", {"value": value, "node": node, "prompt_id": prompt})


def test_of_progress_and_previews_only_the_newest_waits() -> None:
    inbox = Inbox()
    start, done = Message("execution_start", {}), Message("executed", {"node": "3"})
    for message in [start, progress(1), Preview("jpeg", b"1", "3", "p"), progress(2), done,
                    Preview("jpeg", b"2", "3", "p"), progress(1, node="4"), NodeText("4", "a"),
                    NodeText("4", "b")]:  # fmt: skip
        inbox.put(message)
    assert inbox.take() == [
        start, progress(2), done, Preview("jpeg", b"2", "3", "p"), progress(1, node="4"), NodeText("4", "b"),
    ]  # fmt: skip
    assert inbox.take() == []


def test_another_prompts_progress_does_not_displace_ours() -> None:
    inbox = Inbox()
    inbox.put(progress(7))
    inbox.put(progress(1, prompt="foreign"))
    assert inbox.take() == [progress(7), progress(1, prompt="foreign")]


def test_when_too_much_waits_the_oldest_goes() -> None:
    inbox = Inbox(max_messages=3)
    messages = [Message("executed", {"node": str(n)}) for n in range(5)]
    for message in messages:
        inbox.put(message)
    assert inbox.take() == messages[2:]
    assert inbox.dropped == 2


def test_size_counts_too() -> None:
    inbox = Inbox(max_bytes=1000)
    for n in range(10):
        inbox.put(Message("executed", {"node": str(n)}, 400))
        inbox.put(Preview("jpeg", b"x" * 300, prompt_id=str(n)))
    assert [getattr(m, "data", None) for m in inbox.take()] == [
        b"x" * 300,
        {"node": "9"},
        b"x" * 300,
    ]
    inbox.put(Message("executed", {"node": "after"}, 900))
    assert inbox.take() == [Message("executed", {"node": "after"})]


def test_take_waits_for_the_first_and_can_be_woken() -> None:
    inbox = Inbox()
    with ThreadPoolExecutor(1) as other:
        other.submit(inbox.put, progress(1))
        assert inbox.take(30) == [progress(1)]
        other.submit(inbox.wake)
        assert inbox.take(30) == []
