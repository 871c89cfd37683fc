"""Reading YAML that people wrote: bounded, strict, with answers that name the place."""

import difflib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from vastgui.errors import InvalidInput, StorageError

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's, where PyYAML has it: 10 times as fast, and not slower the deeper a file is nested."""
_TOO_DEEP = "is nested too deeply."
_WORDS = {
    "a constructor for the tag": "a tag (`!...`) that is not known here: leave it out",
    "undefined alias": "an alias of nothing: give its name with & before",
    "another document": "a second document begins: leave `---` out",
    "unexpected end of stream": "a quote is not closed",
    "',' or ']'": "a [ is not closed, or a comma is missing",
    "',' or '}'": "a { is not closed, or a comma is missing",
    "mapping values are not allowed": "a second colon: put the value into quotes",
    "expected node content": "a value is missing here",
}
"""What libyaml says, for people."""
MAX_BYTES = 1_000_000
MAX_NODES = 50_000
"""Values in a file after its aliases are written out: bounds an alias bomb."""


def read(path: Path) -> Any:
    """The content of the YAML file `path`. Raises `InvalidInput` naming file and line."""
    return parse(read_text(path), path.name)


def parse(text: str, where: str) -> Any:
    """The value of the YAML `text`. Raises `InvalidInput` naming `where` and the line."""
    if len(text) > MAX_BYTES:
        raise InvalidInput(where, "is larger than 1 MB.")
    try:
        return _value(text, where)
    except RecursionError as error:
        raise InvalidInput(where, _TOO_DEEP) from error
    except (yaml.YAMLError, ValueError, TypeError, LookupError, AttributeError) as error:
        if "nesting depth" in str(error):
            raise InvalidInput(where, _TOO_DEEP) from error
        raise InvalidInput(where, f"is not valid YAML ({_place(error, text)}).") from error


def _value(text: str, where: str) -> Any:
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
        for problem in _problems(root):
            raise InvalidInput(where, problem)
        return loader.construct_document(root) if root else None
    finally:
        loader.dispose()


def read_text(path: Path) -> str:
    """The text of `path`, at most 1 MB of UTF-8."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}.") from error
    return text_of(raw, path.name)


def text_of(raw: bytes, where: str) -> str:
    """`raw` as text. Raises `InvalidInput` when it is too long or not UTF-8."""
    if len(raw) > MAX_BYTES:
        raise InvalidInput(where, "is larger than 1 MB.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(where, f"is not UTF-8 text (byte {error.start}).") from error


def _in_words(problem: str) -> str:
    return next((words for part, words in _WORDS.items() if part in problem), problem)


def mapping(value: Any, where: str, known: Collection[str], needed: Collection[str] = ()) -> Any:
    """`value` when it is a mapping with `known` keys only and all `needed` ones."""
    if not isinstance(value, Mapping):
        raise InvalidInput(where, "must be a list of `name: value` lines.")
    for key in value:
        if key not in known:
            raise InvalidInput(f"{where} › {key}", f"is unknown. {suggest(str(key), known)}")
    for key in needed:
        if value.get(key) in (None, ""):
            raise InvalidInput(f"{where} › {key}", "is missing: add it.")
    return value


def suggest(word: str, known: Collection[str]) -> str:
    """A sentence that names what may have been meant."""
    if near := difflib.get_close_matches(word, known, n=2, cutoff=0.6):
        return f"Did you mean {' or '.join(near)}?"
    return f"Known: {', '.join(sorted(known))}." if known else "There is none."


def _problems(root: yaml.Node | None) -> Iterator[str]:
    """What `safe_load` would accept silently: keys given twice, aliases that explode."""
    pending = [root] if root else []
    seen = 0
    while pending:
        node = pending.pop()
        if (seen := seen + 1) > MAX_NODES:
            yield f"holds more than {MAX_NODES} values once its aliases are written out."
            return
        if isinstance(node, yaml.MappingNode):
            yield from _repeated_keys(node)
            pending += [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            pending += node.value


def _repeated_keys(node: yaml.MappingNode) -> Iterator[str]:
    seen: set[str] = set()
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode):
            if key.value in seen:
                yield f"line {key.start_mark.line + 1}: `{key.value}` is given twice."
            seen.add(key.value)


def _place(error: Exception, text: str) -> str:
    mark = getattr(error, "problem_mark", None)
    lines = str(getattr(error, "problem", None) or error).splitlines() or [type(error).__name__]
    if not mark:
        return lines[0]
    is_tab = text[mark.index : mark.index + 1] == "\t"
    what = "a tab: indent with spaces" if is_tab else _in_words(lines[0])
    line = min(mark.line, text.count("\n")) + 1  # libyaml's end of a text is a line behind it
    return f"line {line}: {what}"
