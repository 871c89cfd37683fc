"""civitdl's own configuration on the instance: where its API key stands.

civitdl 2.x reads `default.api_key` from ~/.config/civitdl/config.json (XDG_CONFIG_HOME counts).
The key travels on stdin; the scripts never print it and it is in no argument.
"""

from vastgui.errors import StepFailed
from vastgui.runner.context import StepContext
from vastgui.runner.remote import ask_python
from vastgui.state.secret import Secret

_PATH = r"""
import os
home = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
path = os.path.realpath(os.path.join(home, "civitdl", "config.json"))
def load():
    try:
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
        good = isinstance(data, dict) and isinstance(data.get("default"), dict)
        return data if good else None
    except (OSError, ValueError, RecursionError):
        return None
def stored():
    data = load()
    return str(data["default"].get("api_key") or "") if data else ""
"""
COMPARE = (
    _PATH
    + r"""
import hmac
key = sys.stdin.buffer.read(10000)
have = stored().encode()
private = os.path.exists(path) and os.stat(path).st_mode & 0o077 == 0
report(there=bool(have), same=bool(have) and hmac.compare_digest(key, have), private=private)
"""
)
WRITE = (
    _PATH
    + r"""
import tempfile, time
key = sys.stdin.buffer.read(10000).decode()
data = load()
if data is None:
    if os.path.exists(path):  # unreadable for civitdl too: kept, out of its way
        os.replace(path, path + ".bak-%d" % time.time())
    try:
        from civitconfig.data.config.config import DEFAULT_CONFIG as data
    except Exception:
        data = {"version": "1", "default": {}, "sorters": [], "aliases": []}
data["default"]["api_key"] = key
os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
fd, new = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".vastgui-")  # 0600
with os.fdopen(fd, "w", encoding="utf-8") as file:
    json.dump(data, file, indent=2)
    file.flush()
    os.fsync(file.fileno())
os.replace(new, path)
report(written=True)
"""
)


def compare_key(ctx: StepContext, python: str, key: Secret) -> bool:
    """Whether the instance has exactly this key, in a file only its owner may read."""
    facts = ask_python(ctx, python, COMPARE, stdin=key.reveal().strip().encode())
    return bool(facts.get("same") and facts.get("private"))


def has_key(ctx: StepContext, python: str) -> bool:
    """Whether the instance has any key."""
    return bool(ask_python(ctx, python, COMPARE).get("there"))


def write_key(ctx: StepContext, python: str, key: Secret) -> None:
    """Put the key into civitdl's configuration, in one step, readable by its owner only."""
    text = key.reveal().strip()
    if not text.isascii() or not text.isprintable() or len(text) > 500:
        raise StepFailed(
            "The stored Civitai key has characters that no key has.",
            hint="Store it again with `vastgui secret set civitai_token`.",
        )
    if not ask_python(ctx, python, WRITE, stdin=text.encode()).get("written"):
        raise StepFailed("civitdl's configuration could not be written.")
