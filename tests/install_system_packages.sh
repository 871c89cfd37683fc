#!/bin/sh
# The programs that tests drive for real: an SSH server, a browser, and a third kind of sh.
# Root on Debian installs what is missing; elsewhere the command is printed and those tests skip.
missing=''
[ -x /usr/sbin/sshd ] || command -v sshd >/dev/null 2>&1 || missing="$missing openssh-server"
command -v ssh-keygen >/dev/null 2>&1 || missing="$missing openssh-client"
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
command -v busybox >/dev/null 2>&1 || missing="$missing busybox"
command -v git >/dev/null 2>&1 || missing="$missing git"
[ -x /usr/bin/python3 ] || missing="$missing python3"  # one that other users may start
# playwright's own node needs it
[ "$(uname)" != Linux ] || /sbin/ldconfig -p 2>/dev/null | grep -q libatomic.so.1 || missing="$missing libatomic1"
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing fonts-dejavu-core >/dev/null
else
    echo "Some tests will be skipped. To run them all: sudo apt-get install$missing" >&2
fi
