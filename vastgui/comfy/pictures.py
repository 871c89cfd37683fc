"""Final pictures that exist only as frames of the socket: what SaveImageWebsocket sends. Pure.

ComfyUI keeps no copy and names them nowhere else, so each frame is an output, and one that was
missed is gone for good.
"""

from vastgui.comfy import changes as ch
from vastgui.comfy.ledger import Ledger
from vastgui.comfy.messages import Preview
from vastgui.comfy.nodes import Board, Node

SENDERS = frozenset({"SaveImageWebsocket", "ETN_SendImageWebSocket"})
MAX_HELD_BYTES = 128 << 20
"""Pictures not handed out yet; the run takes them several times a second."""


class Pictures:
    """Counts the pictures of each sending node, and knows which did not arrive."""

    def __init__(self, board: Board, ledger: Ledger) -> None:
        self._board, self._ledger = board, ledger
        self._here: dict[str, int] = {}
        self._held_bytes = 0

    def take(self, frame: Preview, node_id: str | None) -> ch.PictureFound | None:
        """The output that `frame` is, None for one that is only a preview or finds no room."""
        node = self._board.nodes.get(node_id) if node_id else None
        if node is None or node.node_type not in SENDERS:
            return None
        if self._held_bytes + len(frame.data) > MAX_HELD_BYTES:
            return None
        count = self._here.get(node.node_id, 0)
        number = self._ledger.picture(node.node_id, count)
        if number is None:
            return None
        self._here[node.node_id] = count + 1
        self._held_bytes += len(frame.data)
        name = f"websocket_{node.node_id}_{count + 1:05}.{frame.image_type}"
        return ch.PictureFound(number, node.node_id, name, frame.data)

    def handed_out(self) -> None:
        self._held_bytes = 0

    def missed(self, *, gap: bool) -> list[ch.PicturesMissed]:
        """Nodes whose pictures did not all arrive. `gap`: the socket was away meanwhile."""
        senders = [n for n in self._board if n.node_type in SENDERS and n.status == "executed"]
        return [found for node in senders if (found := self._missed(node, gap=gap))]

    def _missed(self, node: Node, *, gap: bool) -> ch.PicturesMissed | None:
        here = self._here.get(node.node_id, 0)
        sent = int(node.total) if node.total and node.total < self._ledger.limit else None
        if here and sent is not None and here >= sent:
            return None
        if here and sent is None and not gap:
            return None
        return ch.PicturesMissed(node.node_id, here, sent)
