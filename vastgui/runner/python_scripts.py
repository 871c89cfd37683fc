"""Pieces of sh that several steps put before their own script. Constant text, dash and busybox too."""

SOURCE_ENVIRONMENT = r"""
# Non-interactive SSH has no environment: take the instance's own, as its services do.
source_environment() {
  for file in "$@"; do
    # In a subshell first: a mistake in such a file would end this script.
    if [ -r "$file" ] && (set +eu; . "$file") > /dev/null 2>&1 < /dev/null; then
      set +u; set -a; . "$file" > /dev/null 2>&1 < /dev/null; set +a; set -u
    fi
  done
}
"""

PIP_INSTALL = r"""
pip_install() {  # python, then what `pip install` takes
  python_=$1
  shift
  # -I: a file in the current folder called like one of pip's modules must not be taken for it.
  if version=$("$python_" -I -m pip --version 2>/dev/null); then
    version=${version#pip }
    case $version in  # only newer ones can show progress without a terminal
      ?.* | 1?.* | 20.* | 21.* | 22.* | 23.* | 24.0*) bar=off ;;
      *) bar=raw ;;
    esac
    PIP_NO_INPUT=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore \
      PIP_PROGRESS_BAR=$bar "$python_" -I -m pip install "$@"
  elif command -v uv > /dev/null; then
    uv pip install --python "$python_" "$@"
  else
    echo "ERROR: $python_ has no pip, and there is no uv"
    return 1
  fi
}
"""
