"""A list of node packs in a file of its own, beside the template: CSV or YAML."""

import csv
import io
from pathlib import Path, PurePosixPath
from typing import Any

from vastgui.errors import InvalidInput, VastguiError
from vastgui.state import checks
from vastgui.yamlfile import read, read_text

COLUMNS = {"name": "name", "repourl": "url", "requirementsfile": "requirements", "commit": "commit"}
"""Column of the CSV file (case does not matter) to key of a node pack."""


def read_repos(folder: Path, name: Any, where: str) -> list[Any]:
    """The node packs listed in `folder`/`name`; the values are checked later, with the plan."""
    if not isinstance(name, str) or not name or Path(name).name != name or name.startswith("."):
        raise InvalidInput(where, "must be the name of a file beside the template.")
    path = folder / name
    if not path.is_file():
        raise InvalidInput(where, f"there is no file {name} beside the template.")
    if path.suffix.lower() in (".yaml", ".yml"):
        return _from_yaml(path)
    if path.suffix.lower() == ".csv":
        return _from_csv(path)
    raise InvalidInput(where, "must be a .csv, .yaml or .yml file.")


def is_node_list(path: Path) -> bool:
    """Whether the YAML file `path` lists node packs, so that it is no (broken) template."""
    try:
        return bool(_from_yaml(path))
    except VastguiError:
        return False


def _from_yaml(path: Path) -> list[Any]:
    data = read(path)
    if isinstance(data, dict) and set(data) == {"repos"}:
        data = data["repos"]
    if not isinstance(data, list):
        raise InvalidInput(path.name, "must be a list of node packs.")
    return data


def _from_csv(path: Path) -> list[dict[str, str]]:
    """Rows of Name,RepoUrl,Subfolder,RequirementsFile[,Commit]; a row without address is skipped."""
    rows = csv.DictReader(io.StringIO(read_text(path)), skipinitialspace=True)
    try:
        columns = {c: c.strip().lower() for c in rows.fieldnames or ()}
        cells = [
            {columns[k]: (v or "").strip() for k, v in row.items() if k in columns} for row in rows
        ]
    except csv.Error as error:
        raise InvalidInput(path.name, f"line {rows.line_num}: {error}.") from error
    if "repourl" not in columns.values():
        raise InvalidInput(path.name, "needs a first line with the columns Name and RepoUrl.")
    return [_pack(row) for row in cells if row["repourl"] and not row["repourl"].startswith("#")]


def _pack(row: dict[str, str]) -> dict[str, str]:
    """One node pack. Its folder is the last part of Subfolder, else Name where it can be one."""
    pack = {COLUMNS[column]: text for column, text in row.items() if text and column in COLUMNS}
    title = pack.pop("name", "")
    if folder := PurePosixPath(row.get("subfolder") or "").name or _plain(title):
        pack["name"] = folder
    return pack


def _plain(title: str) -> str:
    """`title` when it can be a folder's name; the address has one otherwise."""
    try:
        return checks.name(title, "Name")
    except InvalidInput:
        return ""
