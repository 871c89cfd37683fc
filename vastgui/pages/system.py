"""/system: is everything as it should be here, how programs reach the app, and who else may."""

from pathlib import Path
from urllib.parse import urlsplit

from nicegui import context, run, ui

from vastgui import __version__
from vastgui.config import Settings
from vastgui.doctor import Finding, counted, repair, worst_first
from vastgui.pages.components.confirm import button
from vastgui.pages.live import Live, in_background

_TONES = {"error": ("Error", "bad"), "warning": ("Look at this", "wait"), "ok": ("Fine", "ok")}
SHOWN = 60


class SystemPage:
    """Reads the disk in a thread: thousands of runs take a moment to look through."""

    def __init__(self, live: Live) -> None:
        self._services = live.services
        ui.page_title("System · vastgui")
        with ui.element("header").classes("vg-head"):
            with ui.element("h1").classes("vg-title"):
                ui.label("System")
            ui.label(f"version {__version__}").classes("vg-chip")
        with ui.element("div").classes("vg-cols vg-system"):
            with ui.element("div"):
                self._health()
            with ui.element("div"):
                self._programs()
                self._other_computers()
        in_background(self._examine(), "examine")

    def _health(self) -> None:
        with ui.element("section").classes("vg-card"):
            with ui.element("div").classes("vg-card-head"):
                with ui.element("h2"):
                    ui.label("Health of this computer's files")
                self._again = button("Check again", icon="again", on_click=self._check_again)
            self._summary = ui.label("Looking…").classes("vg-muted").props("role=status")
            self._findings = ui.element("div").classes("vg-findings")

    def _programs(self) -> None:
        with ui.element("section").classes("vg-card"):
            with ui.element("h2"):
                ui.label("For programs and scripts")
            text = "Everything the app can do, a program on this computer can ask for over HTTP."
            ui.label(text).classes("vg-help")
            secret = self._services.paths.state / "api.secret"
            _command(f'curl -H "Authorization: Bearer $(cat {secret})" {_here()}/workflow/state')
            with ui.element("div").classes("vg-actions"):
                link = ui.link("API reference", "/docs", new_tab=True).classes("vg-btn")
                link.props["rel"] = "noopener"
            ui.label(
                "The secret is made anew at each start; only your user can read its file."
            ).classes("vg-help")

    def _other_computers(self) -> None:
        settings = self._services.settings
        with ui.element("section").classes("vg-card"):
            with ui.element("h2"):
                ui.label("Other computers")
            ui.label(reach(settings)).classes("vg-help")
            if warning := settings.lan_warning:
                with ui.element("div").classes("vg-note tone-bad").props("role=alert"):
                    ui.element("i").classes("ico ico-warning")
                    with ui.element("p"):
                        ui.label(warning)

    def _check_again(self) -> None:
        in_background(self._examine(), "examine")

    async def _examine(self) -> None:
        self._again.props(add="disabled")
        findings = await run.io_bound(self._services.doctor)
        if self._findings.is_deleted:
            return
        self._again.props(remove="disabled")
        self._show(worst_first(findings or []))

    def _show(self, findings: list[Finding]) -> None:
        self._summary.set_text(summary(findings))
        self._findings.clear()
        with self._findings:
            for finding in findings[:SHOWN]:
                _row(finding)
            if any(f.fix == "vastgui doctor --fix" for f in findings):
                button("Put right what can be", look="is-primary", on_click=self._repair)

    def _repair(self) -> None:
        in_background(self._repaired(), "repair")

    async def _repaired(self) -> None:
        await run.io_bound(repair, self._services.paths)
        await self._examine()


def reach(settings: Settings) -> str:
    """Who else than this computer may reach the app, in a sentence."""
    if not settings.lan_address:
        return "None can reach this app. The setting lan_address opens it to your own network."
    may = "use the whole app" if settings.lan_write else "look, but change nothing"
    scheme = "https" if settings.lan_cert else "http"
    where = f"{scheme}://{settings.lan_address}:{settings.lan_port}"
    return f"Who knows the secret in lan.secret may {may} at {where}."


def summary(findings: list[Finding]) -> str:
    """`1 error, 2 warnings, 14 checks are fine.`"""
    counts = {level: sum(f.level == level for f in findings) for level in _TONES}
    said = [counted(counts[level], level) for level in ("error", "warning") if counts[level]]
    fine = f"{counted(counts['ok'], 'check')} {'is' if counts['ok'] == 1 else 'are'} fine"
    return ", ".join([*said, fine]) + "."


def _row(finding: Finding) -> None:
    word, tone = _TONES[finding.level]
    with ui.element("div").classes(f"vg-finding tone-{tone}"):
        ui.element("i").classes("vg-dot")
        ui.label(word).classes("vg-finding-word")
        with ui.element("div").classes("vg-grow"):
            ui.label(finding.what)
            if finding.where:
                ui.label(_short(finding.where)).classes("vg-mono vg-muted vg-break")
            if finding.fix:
                ui.label(finding.fix).classes("vg-help")


def _command(text: str) -> None:
    """A line to be copied."""
    with ui.element("div").classes("vg-command"):
        ui.label(text).classes("vg-mono vg-break vg-grow")
        copy = ui.element("button").classes("vg-icon").props('type="button" aria-label="Copy"')
        with copy:
            ui.element("i").classes("ico ico-copy")
        copy.on("click", lambda: _copied(text))


def _copied(text: str) -> None:
    ui.clipboard.write(text)
    ui.notify("Copied.")


def _here() -> str:
    """The address under which this browser knows the app."""
    request = context.client.request
    address = urlsplit(str(request.base_url) if request else "http://127.0.0.1")
    return f"{address.scheme}://{address.netloc}"


def _short(path: str) -> str:
    home = str(Path.home())
    return f"~{path[len(home) :]}" if home != "/" and path.startswith(home + "/") else path
