"""The small pages of the guards themselves: without scripts, and whole before anybody signed in."""

import base64
import re
from functools import cache
from html import escape
from string import Template

from vastgui.config import assets_dir

_TITLES = {
    401: "Not signed in",
    403: "Not allowed",
    405: "Not possible",
    429: "Too many tries",
}
_WORD_OF_CODE = re.compile(r"`([^`]+)`")
SIGN_IN_FIELD = "secret"


def refusal_page(status: int, sentence: str) -> str:
    return _page(_TITLES.get(status, "Refused"), f"<p>{_text(sentence)}</p>")


def entering_page(target: str) -> str:
    """Signs nobody in, only goes on to the local path `target`, as our own page."""
    address = escape(target)
    body = f'<p><a href="{address}">Opening vastgui</a></p>'
    return _page("", body, f'<meta http-equiv="refresh" content="0;url={address}">')


def sign_in_page(action: str, *, wrong: str = "", note: str = "") -> str:
    """A form with one field. `wrong` says why the last try failed, `note` what to know before."""
    body = f"""<p>Enter the secret of this vastgui: the one line in the file
<code>lan.secret</code>, in its config folder.</p>
<form method="post" action="{escape(action)}">
<label for="secret">Sign-in secret</label>
<input id="secret" name="{SIGN_IN_FIELD}" type="password" required autofocus
 autocomplete="current-password" autocapitalize="off" spellcheck="false"{_described(wrong)}>
{_paragraph("wrong", wrong, 'id="why" role="alert"')}
<button>Sign in</button>
</form>
{_paragraph("note", note)}"""
    return _page("Sign in", body)


def _page(title: str, body: str, head: str = "") -> str:
    heading = f"<h1>{escape(title)}</h1>\n" if title else ""
    name = f"{title} · vastgui" if title else "vastgui"
    return _template().safe_substitute(title=escape(name), body=heading + body, head=head)


@cache
def _template() -> Template:
    """The page with look and icon in place, and room for `title`, `head` and `body`."""
    assets = assets_dir()
    icon = base64.b64encode((assets / "icons" / "vastgui.svg").read_bytes()).decode()
    style = (assets / "door" / "page.css").read_text(encoding="utf-8")
    style = f':root{{--icon:url("data:image/svg+xml;base64,{icon}")}}{style}'
    page = Template((assets / "door" / "page.html").read_text(encoding="utf-8"))
    return Template(page.safe_substitute(style=style, icon=icon))


def _text(sentence: str) -> str:
    """`words` between backticks are what the user types."""
    return _WORD_OF_CODE.sub(r"<code>\1</code>", escape(sentence))


def _paragraph(kind: str, text: str, more: str = "") -> str:
    return f'<p class="{kind}" {more}>{_text(text)}</p>' if text else ""


def _described(wrong: str) -> str:
    return ' aria-invalid="true" aria-describedby="why"' if wrong else ""
