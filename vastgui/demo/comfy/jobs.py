"""/api/jobs, as servers of 2026 have it: every prompt in any state, told by one word."""

from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from vastgui.demo.comfy.server import Server

_MEDIA = ("images", "gifs", "video", "audio", "3d")


def routes(server: "Server") -> web.RouteTableDef:
    table = web.RouteTableDef()

    @table.get("/api/jobs")
    async def listed(request: web.Request) -> web.StreamResponse:
        return web.json_response(_page(_all(server), dict(request.query)))

    @table.get("/api/jobs/{job_id}")
    async def one(request: web.Request) -> web.StreamResponse:
        job_id = request.match_info["job_id"]
        found = next((job for job in _all(server) if job["id"] == job_id), None)
        if found is None:
            return web.json_response({"error": "Job not found"}, status=404)
        return web.json_response(found | _more(server, job_id))

    @table.post("/api/jobs/{job_id}/cancel")
    async def cancel(request: web.Request) -> web.StreamResponse:
        return web.json_response({"cancelled": _cancel(server, request.match_info["job_id"])})

    @table.post("/api/jobs/cancel")
    async def cancel_many(request: web.Request) -> web.StreamResponse:
        wanted = (await request.json()).get("job_ids", [])
        return web.json_response({"cancelled": _cancel_all(server, wanted)})

    return table


def _all(server: "Server") -> list[dict[str, Any]]:
    running, pending = server.queue.look()
    jobs = [_job(server, item, "pending") for item in sorted(pending, key=lambda item: item[0])]
    jobs += [_job(server, item, "in_progress") for item in running]
    for entry in server.queue.history().values():
        jobs.append(_job(server, entry["prompt"], _ended(entry), entry))
    return jobs


def _ended(entry: dict[str, Any]) -> str:
    said = {message[0] for message in entry["status"]["messages"]}
    if "execution_interrupted" in said:
        return "cancelled"
    return "failed" if entry["status"]["status_str"] == "error" else "completed"


def _job(
    server: "Server", item: Any, status: str, entry: dict[str, Any] | None = None
) -> dict[str, Any]:
    times = server.times.get(item[1], {})
    job: dict[str, Any] = {
        "id": item[1],
        "status": status,
        "priority": item[0],
        "create_time": item[3].get("create_time", times.get("create")),
    }
    if "start" in times and status != "pending":
        job["execution_start_time"] = times["start"]
    if entry is not None:
        job["execution_end_time"] = times.get("end")
        job |= _outcome(entry)
    workflow = (item[3].get("extra_pnginfo") or {}).get("workflow") or {}
    if isinstance(workflow, dict) and workflow.get("id"):
        job["workflow_id"] = workflow["id"]
    return job


def _outcome(entry: dict[str, Any]) -> dict[str, Any]:
    files = [
        item | {"nodeId": node_id, "mediaType": key}
        for node_id, shown in entry["outputs"].items()
        for key in _MEDIA
        for item in shown.get(key, [])
        if isinstance(item, dict)
    ]
    found: dict[str, Any] = {"outputs_count": len(files), "previewable_outputs_count": len(files)}
    if files:
        found["preview_output"] = files[-1]
    for kind, data in entry["status"]["messages"]:
        if kind == "execution_error":
            found["execution_error"] = data
    return found


def _more(server: "Server", job_id: str) -> dict[str, Any]:
    """What only the page of one job tells."""
    entry = server.queue.history(job_id).get(job_id)
    if entry is None:
        return {}
    prompt, extra = entry["prompt"][2], entry["prompt"][3]
    return {
        "outputs": entry["outputs"],
        "execution_status": entry["status"],
        "workflow": {"prompt": prompt, "extra_data": extra},
    }


def _page(jobs: list[dict[str, Any]], query: dict[str, str]) -> dict[str, Any]:
    if "status" in query:
        wanted = set(query["status"].split(","))
        jobs = [job for job in jobs if job["status"] in wanted]
    if "workflow_id" in query:
        jobs = [job for job in jobs if job.get("workflow_id") == query["workflow_id"]]
    backwards = query.get("sort_order", "desc") == "desc"
    jobs = sorted(jobs, key=lambda job: job["create_time"] or 0, reverse=backwards)
    offset = int(query.get("offset", 0))
    limit = int(query["limit"]) if "limit" in query else len(jobs)
    chosen = jobs[offset : offset + limit]
    page = {
        "offset": offset,
        "limit": limit,
        "total": len(jobs),
        "has_more": offset + limit < len(jobs),
    }
    return {"jobs": chosen, "pagination": page}


def _cancel_all(server: "Server", job_ids: list[str]) -> bool:
    cancelled = [_cancel(server, job_id) for job_id in job_ids]
    return any(cancelled)


def _cancel(server: "Server", job_id: str) -> bool:
    if server.queue.delete(job_id):
        return True
    if server.queue.runs(job_id):
        server.interrupt.ask()
        return True
    return False
