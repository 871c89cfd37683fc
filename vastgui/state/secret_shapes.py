"""What looks like a secret, for values that nobody could have told us before."""

import re

from vastgui.state.secret import MASK

_NAME = r"(?:token|api[_-]?key|apikey|secret|passphrase|password|passwd)"
_TRIGGERS = (
    "token", "secret", "passphrase", "password", "passwd", "apikey", "_key", "-key", "key=",
    "private key", "bearer", "authorization", "code=", "sig=", "signature=", "hf_", "gho_", "ghp_",
    "ghs_", "ghu_", "ghr_", "github_pat_",
)  # fmt: skip
"""A text without any of these has no match: most lines are let through after this cheap look."""
_SHAPES = tuple(
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), rf"\g<keep>{MASK}")
    for pattern in (
        r"(?P<keep>)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
        r"""(?P<keep>\bauthorization["']?\s*[:=]\s*["']?)(?:(?:bearer|basic|token)\s+)?[^\s"',;]+""",
        r"(?P<keep>\bbearer\s+)[A-Za-z0-9._~+/=-]{8,}",
        r"""(?P<keep>[?&](?:code|key|access_token|sig|signature)=)[^&\s"'#<>]+""",
        rf"""(?P<keep>{_NAME}=["']?)[^\s"'&,;<>]{{4,}}""",
        # after a colon only what cannot be a word of a sentence: "password: needed" stays
        rf"""(?P<keep>{_NAME}["']?\s*[:=]\s*["']?)(?=[^\s"',]*\d)[^\s"',;<>]{{8,}}""",
        r"(?P<keep>)\b(?:hf_|gh[opsur]_)[A-Za-z0-9]{16,}",
        r"(?P<keep>)\bgithub_pat_\w{20,}",
    )
)
KEY_BEGINS = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
KEY_ENDS = re.compile(r"-----END [A-Z ]*PRIVATE KEY-----")


def without_shapes(text: str) -> str:
    """`text` with everything masked that looks like a secret."""
    lower = text.lower()
    if not any(trigger in lower for trigger in _TRIGGERS):
        return text
    for pattern, masked in _SHAPES:
        text = pattern.sub(masked, text)
    return text
