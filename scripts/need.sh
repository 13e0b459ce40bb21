#!/usr/bin/env bash
# Sees to it that a command is there: installs it by apt-get, where there is one, else says what to do and fails.
#
# need.sh <command> <Debian package> [packages elsewhere]
set -euo pipefail

command -v "$1" >/dev/null && exit
if command -v apt-get >/dev/null; then
    sudo=""
    [ "$(id -u)" -eq 0 ] || sudo="sudo"
    echo "installing $2" >&2
    $sudo apt-get update -qq
    # The server that a package would start is not wanted.
    $sudo env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "$2" >&2
fi
command -v "$1" >/dev/null && exit
echo "'$1' is missing; install it (Debian: $2${3:+, $3}) and run this again" >&2
exit 1
