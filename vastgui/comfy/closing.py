"""What each node's status is once its prompt has ended."""

from collections.abc import Collection

from vastgui.comfy import values
from vastgui.comfy.nodes import Board
from vastgui.comfy.outcome import Verdict

NOT_NEEDED = "was not needed"
INTERRUPTED = "was interrupted"
NOT_FINISHED = "did not finish"


def close(
    board: Board, end: Verdict, wanted: Collection[str], now: float, *, knows_all: bool
) -> None:
    """Nothing stays executing. `knows_all`: the socket was there at the end, so that a node we
    never heard of never ran.
    """
    for node_id in end.executed:
        if node := board.nodes.get(node_id):
            board.finish(node, now)
    if end.outcome == "success":
        _succeeded(board, wanted, now, knows_all=knows_all)
    else:
        _stopped(board, end, now)


def _succeeded(board: Board, wanted: Collection[str], now: float, *, knows_all: bool) -> None:
    for node in board:
        unheard = node.status == "pending" and node.node_id in wanted and not knows_all
        if unheard or node.status == "executing":
            board.finish(node, now)
        elif node.status == "pending":
            board.reset(node, NOT_NEEDED)


def _stopped(board: Board, end: Verdict, now: float) -> None:
    failed = board.find(end.node_id)
    for node in board:
        if end.outcome == "error" and node is failed:
            board.fail(node, values.text(end.error) or "failed", now)
        elif end.outcome == "interrupted" and node is failed:
            board.reset(node, INTERRUPTED)
        elif node.status == "executing":
            board.reset(node, NOT_FINISHED)
