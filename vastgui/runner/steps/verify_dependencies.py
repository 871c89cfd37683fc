"""Restarts ComfyUI, reads from its log what each node pack lacks, installs that by package name.

A restart is spared when the running ComfyUI imported just what is installed now, and all of it.
"""

import re
from collections.abc import Sequence

from vastgui.errors import StepFailed
from vastgui.runner.comfy_log import ImportReport, PackImport
from vastgui.runner.comfy_service import ComfyService
from vastgui.runner.context import Checklist, Done, StepContext, nothing_to_do
from vastgui.runner.packages import package_for
from vastgui.runner.python_scripts import PIP_INSTALL, SOURCE_ENVIRONMENT

INSTALL = (
    SOURCE_ENVIRONMENT
    + PIP_INSTALL
    + r"""
# environment_file env_file python packages...
source_environment "$1" "$2"
shift 2
cd / && pip_install "$@"
"""
)
_COLLECTING = re.compile(r"\s*(?:Collecting|Downloading|Installing collected packages:?) .*")


def run(ctx: StepContext) -> Done:
    service = ComfyService(ctx)
    ctx.simple("Looking at ComfyUI")
    facts, report = service.look(), service.last_report()
    covered = facts.is_covered_by(report) and service.answers()
    if covered and not report.failed:
        _listed(ctx, report)
        return nothing_to_do(
            f"{_packs(report)} imported; ComfyUI runs since they were installed.",
            packs=len(report.packs),
        )
    report = service.restart()
    _check_listed(report, len(facts.entries))
    lines = _listed(ctx, report)
    installed: list[str] = []
    if report.failed and (packages := _wanted(ctx, report.failed)):
        installed = _install(ctx, lines, report, packages)
        report = service.restart()
        _check_listed(report, len(facts.entries))
        lines = _listed(ctx, report)
    return _summed_up(report, installed)


def _check_listed(report: ImportReport, expected: int) -> None:
    """ComfyUI lists what it imported; without that list nothing is known of the packs."""
    if not report.listed and expected:
        raise StepFailed(
            "ComfyUI answers, but its log does not list the node packs it imported.",
            hint="Check that `comfyui_log` is the log of this ComfyUI, and that custom nodes "
            "are not switched off (--disable-all-custom-nodes).",
        )


def _listed(ctx: StepContext, report: ImportReport) -> Checklist:
    lines = ctx.checklist([pack.name for pack in report.packs])
    for i, pack in enumerate(report.packs):
        if pack.ok:
            lines.done(i, f"{pack.seconds:g} s")
        else:
            lines.fail(i, pack.reason[:300])
    return lines


def _wanted(ctx: StepContext, failed: Sequence[PackImport]) -> list[str]:
    """The packages that may cure the failed packs, each once."""
    if not ctx.params.get("install", True):
        return []
    names = ctx.params.get("packages", {})
    found = (package_for(pack.missing, names) for pack in failed if pack.missing)
    return list(dict.fromkeys(package for package in found if package))


def _install(
    ctx: StepContext, lines: Checklist, report: ImportReport, packages: Sequence[str]
) -> list[str]:
    """Install `packages` one by one: one that does not exist must not keep the others out."""
    names = ctx.params.get("packages", {})
    needed = {
        i: package_for(pack.missing, names)
        for i, pack in enumerate(report.packs)
        if not pack.ok and pack.missing
    }
    variables = ctx.plan.metadata.get("variables", {})
    files = [str(variables.get(name, "")) for name in ("environment_file", "env_file")]
    installed = []
    for package in packages:
        waiting = [i for i, wanted in needed.items() if wanted == package]

        def take(line: str, waiting: list[int] = waiting, package: str = package) -> None:
            for i in waiting if _COLLECTING.match(line) else ():
                lines.update(i, f"Installing {package}: {line.strip()[:100]}")

        for i in waiting:
            lines.start(i, f"Installing {package}")
        result = ctx.job(
            f"package-{package}", INSTALL, *files, ctx.params["python"], "--", package, on_line=take
        )
        if result.exit_code == 0:
            installed.append(package)
    return installed


def _summed_up(report: ImportReport, installed: Sequence[str]) -> Done:
    failed = {pack.name: pack.reason[:300] for pack in report.failed}
    details = {"packs": len(report.packs), "installed": list(installed), "failed": failed}
    if not failed:
        added = f" after installing {', '.join(installed)}" if installed else ""
        return Done(f"{_packs(report)} imported{added}; ComfyUI was restarted.", details)
    words = "; ".join(f"{name}: {reason}" for name, reason in list(failed.items())[:3])
    more = f" (and {len(failed) - 3} more)" if len(failed) > 3 else ""
    raise StepFailed(
        f"{len(failed)} of {_packs(report)} failed to import. {words}{more}.",
        hint="Name the right package under `packages` in the template, or remove the node pack.",
        details={**details, "missing": sorted({p.missing for p in report.failed if p.missing})},
        partial=len(failed) < len(report.packs),
    )


def _packs(report: ImportReport) -> str:
    number = len(report.packs)
    return f"{number} node pack" + ("" if number == 1 else "s")
