"""Plays civitai.com: the list of models, and who a key belongs to."""

from vastgui.demo.httpd import Reply, Request

_MODELS = (("Practice Ink", "LORA"), ("Practice Moss", "LORA"), ("Practice v1", "Checkpoint"))


class Civitai:
    """`api_key` is the one key it knows; a request without any key is answered too."""

    def __init__(self, api_key: str) -> None:
        self._api_key = api_key

    def answer(self, request: Request) -> Reply:
        given = request.authorization.removeprefix("Bearer ") or "".join(
            request.query.get("token", [])
        )
        if given not in ("", self._api_key):
            return Reply(401, {"error": "Unauthorized"})
        match request.path.rstrip("/"):
            case "/api/v1/models":
                return Reply(200, _models(request))
            case "/api/v1/me" if given:
                return Reply(200, {"id": 1, "username": "practice", "tier": "free"})
            case "/api/v1/me":
                return Reply(401, {"error": "Unauthorized"})
        return Reply(404, {"error": "Not found"})


def _models(request: Request) -> dict[str, object]:
    limit = request.query.get("limit", ["100"])[0]
    count = int(limit) if limit.isdigit() else 100
    items = [
        {"id": 1000 + i, "name": name, "type": kind, "nsfw": False, "tags": [], "modelVersions": []}
        for i, (name, kind) in enumerate(_MODELS)
    ][:count]
    return {"items": items, "metadata": {"totalItems": len(_MODELS), "currentPage": 1}}
