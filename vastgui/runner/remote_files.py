"""Which files an instance has to give, as its `find` lists them. Pure but for the scripts."""

import re
from dataclasses import dataclass

from vastgui.errors import StepFailed

LONGEST_LISTING_BYTES = 7_000_000
PLACEHOLDER = "_output_images_will_be_put_here"

LIST = r"""
# folder, most files, most bytes. The folder itself may be a link; links below it are not followed.
[ -d "$1" ] || { echo "missing"; exit 0; }
cd -- "$1" || exit 1
find . -type f -printf '%s\t%T@\t%P\0' | head -z -n "$2" | head -c "$3"
"""
DELETE = r"""
# path size mtime sha256, again and again: only what is still just that file is deleted.
while [ "$#" -ge 4 ]; do
  case $1 in /*) ;; *) echo kept; shift 4; continue ;; esac  # never an option of find
  now=$(find "$1" -maxdepth 0 -type f -printf '%s\t%T@' 2>/dev/null)
  if [ "$now" = "$(printf '%s\t%s' "$2" "$3")" ] &&
    [ "$(sha256sum < "$1" | cut -c 1-64)" = "$4" ] && rm -f -- "$1"
  then echo deleted; else echo kept; fi
  shift 4
done
"""
_RECORD = re.compile(r"(\d{1,15})\t(\d{1,15}(?:\.\d{1,12})?)\t(.+)\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file; `name` is relative to ui_home, `path` the whole path on the instance."""

    name: str
    path: str
    size_bytes: int
    mtime: str

    @property
    def is_readable(self) -> bool:
        """False for a name that is not text: it did not survive the way here."""
        return "\ufffd" not in self.path


def read_listing(text: str, ui_home: str, folder: str, most: int) -> list[RemoteFile]:
    """The files in a listing, the newest last. Raises `StepFailed` when there are too many."""
    if text.strip() == "missing":
        return []
    records = text.split("\0")
    if records.pop() or len(records) > most:
        raise StepFailed(
            f"{ui_home}/{folder} holds more than {most:,} files, or names too long to list.",
            hint="Move or delete old results on the instance, or name smaller folders in `folders`.",
        )
    files = [_file(record, ui_home, folder) for record in records]
    return sorted((f for f in files if f is not None), key=lambda f: (float(f.mtime), f.name))


def _file(record: str, ui_home: str, folder: str) -> RemoteFile | None:
    found = _RECORD.match(record)
    if found is None:
        raise StepFailed("The instance listed its files in a form that makes no sense.")
    below = found[3]
    if below.rsplit("/", 1)[-1] == PLACEHOLDER:
        return None  # ComfyUI's own, to keep the empty folder in git
    return RemoteFile(f"{folder}/{below}", f"{ui_home}/{folder}/{below}", int(found[1]), found[2])
