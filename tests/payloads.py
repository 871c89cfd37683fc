"""Texts that would run a command if anything ever pasted them into a shell line.

Each leaves the file `canary` behind when it runs; `canary` must be a path without blanks.
"""

SHELL = (
    "/x; touch {c}",
    "/x && touch {c}",
    "/x || touch {c}",
    "/x | touch {c}",
    "/x & touch {c}",
    "/x\ntouch {c}",
    "/x\rtouch {c}\r",
    "/x$(touch {c})",
    "/x`touch {c}`",
    "$(touch {c})",
    "`touch {c}`",
    '"; touch {c}; "',
    '"$(touch {c})"',
    "'; touch {c}; '",
    "'$(touch {c})'",
    "/x' || touch {c} || '",
    '/x" || touch {c} || "',
    "/x\\'; touch {c}; #",
    "/x; touch {c} #",
    "/x > {c}",
    "/x{{}}; touch {c}",
    "${{IFS}}$(touch{{IFS}}{c})",
    "$(touch${{IFS}}{c})",
    "/x$IFS;touch$IFS{c}",
    "/x\0; touch {c}",
    "/x\u2028touch {c}\u202e",
    '/x"\nLD_PRELOAD={c}\n"',
    "a[$(touch {c})]",
    "<(touch {c})",
    "/x;{{touch,{c}}}",
    "*;touch {c};?",
)
ARGUMENT = ("-oProxyCommand=touch {c}", "--upload-pack=touch {c}", "ext::sh -c touch% {c}")
"""Harmless as text or value, dangerous as a program's argument."""


def payloads(canary: str, shapes: tuple[str, ...] = SHELL + ARGUMENT) -> list[str]:
    return [shape.format(c=canary) for shape in shapes]
