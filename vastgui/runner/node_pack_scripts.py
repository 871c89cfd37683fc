"""The sh scripts that look at and install node packs. Constant text; values come as "$1", "$2" ...

They run in dash, bash and busybox sh. `git` is told: no prompts, https (or file) only, no hooks.
"""

from functools import cache
from importlib import resources

from vastgui.runner.python_scripts import PIP_INSTALL, SOURCE_ENVIRONMENT

_COMMON = r"""
set -u
say() { printf '\n@vastgui %s\n' "$*"; }
# An owner other than root is normal for /workspace; a repository's hooks are never run.
git_() {
  GIT_TERMINAL_PROMPT=0 GIT_CONFIG_NOSYSTEM=1 GIT_OPTIONAL_LOCKS=0 GIT_PROGRESS_DELAY=0 LC_ALL=C \
  git -c safe.directory='*' -c core.hooksPath=/dev/null -c core.fsmonitor=false \
    -c protocol.allow=never -c protocol.https.allow=always -c protocol.file.allow=user \
    -c protocol.ext.allow=never -c http.lowSpeedLimit=1000 -c http.lowSpeedTime=120 \
    -c advice.detachedHead=false "$@"
}
requirements_file() {  # folder, name given or ""
  if [ -n "$2" ]; then printf '%s/%s' "$1" "$2"; else printf '%s/requirements.txt' "$1"; fi
}
# What the requirements and the import were done for: commit, requirements, virtual environment.
fingerprint() {  # folder, requirements file, python
  head=$(git_ -C "$1" rev-parse HEAD 2>/dev/null) || head=none
  sum=none
  if [ -f "$2" ]; then sum=$(sha256sum < "$2" | cut -d ' ' -f 1); fi
  venv=$(stat -c '%i.%Y' -- "$(dirname -- "$3")/../pyvenv.cfg" 2>/dev/null) ||
    venv=$(stat -L -c '%i.%Y' -- "$3" 2>/dev/null) || venv=none
  printf '%s %s %s' "$head" "$sum" "$venv"
}
"""

_LOOK = r"""
# ui_home python, then for each pack: name commit requirements
home=$1 python=$2
shift 2
[ -f "$home/main.py" ] || { echo "home no"; exit 0; }
command -v git > /dev/null || { echo "git no"; exit 0; }
[ -x "$python" ] || { echo "python no"; exit 0; }
number=0
tell() { printf 'pack %s %s\n' "$number" "$*"; }
look() {
  folder=$home/custom_nodes/$1
  if [ ! -e "$folder" ] && [ ! -L "$folder" ]; then tell state absent; return; fi
  if [ ! -d "$folder" ]; then tell state file; return; fi
  if [ -z "$(ls -A -- "$folder")" ] && [ ! -L "$folder" ]; then tell state empty; return; fi
  top=$(git_ -C "$folder" rev-parse --show-toplevel 2>/dev/null) || top=
  # In a plain folder inside ComfyUI's own repository git answers too, with ComfyUI's top.
  if [ "$top" != "$(cd -- "$folder" && pwd -P)" ]; then tell state foreign; return; fi
  tell state git
  tell remote "$(git_ -C "$folder" config --get remote.origin.url 2>/dev/null)"
  tell head "$(git_ -C "$folder" rev-parse --verify -q HEAD 2>/dev/null)"
  if [ -n "$2" ]; then
    tell pinned "$(git_ -C "$folder" rev-parse --verify -q "$2^{commit}" 2>/dev/null)"
  fi
  if [ -n "$(git_ -C "$folder" status --porcelain --untracked-files=no 2>/dev/null | head -n 1)" ]
  then tell changed yes; fi
  stamps=$(git_ -C "$folder" rev-parse --absolute-git-dir)
  now=$(fingerprint "$folder" "$(requirements_file "$folder" "$3")" "$python")
  if [ "$(cat -- "$stamps/vastgui-requirements" 2>/dev/null)" = "$now" ]
  then tell requirements yes; fi
  if [ "$(head -n 1 -- "$stamps/vastgui-imported" 2>/dev/null)" = "$now" ]
  then tell imported "$(sed -n 2p -- "$stamps/vastgui-imported")"; fi
}
while [ "$#" -ge 3 ]; do
  look "$1" "$2" "$3"
  number=$((number + 1))
  shift 3
done
echo "end"
"""

_INSTALL = r"""
# mode ui_home name url commit requirements python environment_file env_file check
# Exit codes: 10 clone, 11 the folder appeared meanwhile, 12 commit, 20 requirements, 30 import.
source_environment "$8" "$9"
mode=$1 home=$2 name=$3 url=$4 commit=$5 requirements=$6 python=$7
shift 9
check=$1
case $commit in *[!0-9a-f]*) echo "fatal: $commit is no commit id"; exit 12 ;; esac
root=$home/custom_nodes
folder=$root/$name
# ComfyUI loads every folder here but those that end in .disabled.
part=$root/.vastgui-$name.disabled
clear_part() {
  if [ -e "$part" ] || [ -L "$part" ]; then find "$part" -depth -delete; fi
}
give_up() { clear_part; exit "$1"; }
has_commit() { git_ -C "$1" cat-file -e "$commit^{commit}" 2>/dev/null; }
pin() {  # folder
  [ -n "$commit" ] || return 0
  if ! has_commit "$1"; then
    if [ "$(git_ -C "$1" rev-parse --is-shallow-repository)" = true ]; then
      git_ -C "$1" fetch --progress --depth 1 -- origin "$commit" 2>/dev/null ||
        git_ -C "$1" fetch --progress --unshallow --tags origin
    else
      git_ -C "$1" fetch --progress --tags origin || return 1
      has_commit "$1" || git_ -C "$1" fetch --progress -- origin "$commit"
    fi
  fi
  has_commit "$1" || { echo "fatal: there is no commit $commit in $url"; return 1; }
  git_ -C "$1" checkout --progress --detach "$commit^{commit}"
}
submodules() {  # folder
  [ -f "$1/.gitmodules" ] || return 0
  git_ -C "$1" submodule update --init --recursive --depth 1 --progress
}

case $mode in
clone | replace)
  say phase clone
  mkdir -p -- "$root" || exit 10
  clear_part  # left by a clone that was killed
  git_ clone --progress --depth 1 ${commit:+--no-checkout} -- "$url" "$part" || give_up 10
  pin "$part" || give_up 12
  submodules "$part" || give_up 10
  if [ -d "$folder" ] && [ ! -L "$folder" ]; then rmdir -- "$folder" 2>/dev/null; fi
  if [ "$mode" = replace ] && { [ -e "$folder" ] || [ -L "$folder" ]; }; then
    aside=$folder.bak-$(date +%Y%m%d-%H%M%S).disabled
    mv -- "$folder" "$aside" || give_up 11
    say aside "$aside"
  fi
  if [ -e "$folder" ] || [ -L "$folder" ]; then give_up 11; fi
  mv -- "$part" "$folder" || give_up 10
  say cloned
  ;;
checkout)
  say phase clone
  pin "$folder" || exit 12
  submodules "$folder" || exit 10
  say cloned
  ;;
esac

stamps=$(git_ -C "$folder" rev-parse --absolute-git-dir) || exit 10
list=$(requirements_file "$folder" "$requirements")
now=$(fingerprint "$folder" "$list" "$python")
stamp() {  # name, content
  printf '%s\n' "$2" > "$stamps/$1.part" && mv -- "$stamps/$1.part" "$stamps/$1"
}

say phase requirements
if [ -n "$requirements" ] && [ ! -f "$list" ]; then
  echo "ERROR: there is no file $requirements in it"
  exit 20
fi
if [ "$(cat -- "$stamps/vastgui-requirements" 2>/dev/null)" != "$now" ]; then
  if [ -f "$list" ]; then
    cd -- "$(dirname -- "$list")" || exit 20
    say installing
    pip_install "$python" -r "$list" || exit 20
  fi
  stamp vastgui-requirements "$now" || exit 20
fi
say installed

say phase import
cd -- "$home" || exit 30
report=$stamps/vastgui-report
"$python" -c "$check" "$home" "$folder" > "$report"
code=$?
cat -- "$report"
case $code in
  0) ;;
  142) say 'import {"status": "checked", "reason": "its import takes longer than 120 s"}' ;;
  1) exit 30 ;;
  *) say 'import {"status": "failed", "reason": "its import was killed"}'; exit 30 ;;
esac
verdict=$(sed -n 's/^@vastgui import .*"status": "\([a-z]*\)".*/\1/p' "$report" | tail -n 1)
stamp vastgui-imported "$now
${verdict:-checked}"
exit 0
"""

LOOK = _COMMON + _LOOK
INSTALL = _COMMON + SOURCE_ENVIRONMENT + PIP_INSTALL + _INSTALL


@cache
def import_check() -> str:
    """The Python source that is run on the instance for the import check."""
    return resources.files("vastgui.runner").joinpath("import_check.py").read_text(encoding="utf-8")
