"""The list of runs: one page of rows at a time, kept current by the feed."""

from collections.abc import Callable
from dataclasses import dataclass

from vastgui.pages import present
from vastgui.pages.live import Live, LiveElement


@dataclass(frozen=True, slots=True)
class Query:
    """What the list shows. `page` counts from 0."""

    text: str = ""
    status: str = ""
    page: int = 0


class RunList(LiveElement, component="run_list.js"):
    """Shows what `show` was given; `on_query` says that it wants the rows of `query`."""

    def __init__(
        self,
        live: Live,
        *,
        on_query: Callable[[], None],
        on_pin: Callable[[str, bool], None],
        on_remove: Callable[[str], None],
        on_undo: Callable[[str], None],
        on_force: Callable[[str], None],
        row: Callable[[str], present.Json | None],
    ) -> None:
        super().__init__(live)
        self.query = Query()
        self._on_query, self._row = on_query, row
        self._rows: dict[str, present.Json] = {}
        self._props["initial"] = {"rows": [], "page": 0, "more": False}
        self.on("query", lambda e: self._ask(e.args))
        self.on("pin", lambda e: on_pin(str(e.args["id"]), bool(e.args["on"])))
        self.on("remove", lambda e: on_remove(str(e.args)))
        self.on("undo", lambda e: on_undo(str(e.args)))
        self.on("force", lambda e: on_force(str(e.args)))

    def show(self, rows: list[present.Json], *, more: bool, problem: str = "") -> None:
        self._rows = {row["id"]: row for row in rows}
        page = {"rows": rows, "more": more, "page": self.query.page, "problem": problem}
        self.run_method("show", page)

    def removed(self, run_id: str, label: str) -> None:
        """Offer to undo."""
        self.run_method("removed", run_id, label)

    def changed(self, ids: frozenset[str], /) -> None:
        if ids - self._rows.keys():
            self.snapshot()  # a run came: the page's rows shift
            return
        self.patch(ids)

    def patch(self, ids: frozenset[str]) -> None:
        """Look at these rows anew."""
        rows = [self._row(run_id) for run_id in ids if run_id in self._rows]
        if None in rows:
            self.snapshot()  # it was deleted: the rows below move up
        elif fresh := [row for row in rows if row and row != self._rows[row["id"]]]:
            self._rows |= {row["id"]: row for row in fresh}
            self.run_method("patch", fresh)

    def tick(self) -> None:
        """Silence is no event: what is or was not responding is looked at anew."""
        silent = {run_id for run_id, row in self._rows.items() if row["silent"]}
        if wanted := silent | self.services.not_responding.keys() & self._rows.keys():
            self.patch(frozenset(wanted))

    def snapshot(self) -> None:
        self._on_query()

    def _ask(self, args: dict[str, object]) -> None:
        page = args.get("page")
        page = max(page, 0) if isinstance(page, int) else 0
        self.query = Query(str(args.get("text", ""))[:200], str(args.get("status", "")), page)
        self._on_query()
