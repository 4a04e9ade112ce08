#!/bin/sh
# Make sure that there is a program: package.sh NAME "who needs it". Debian's package has its name.
set -eu
command -v "$1" >/dev/null && exit 0
hint="$2: apt-get install $1"
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "$hint" >&2
  exit 1
fi
echo "Installing $1…"
{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$1"; } >/dev/null \
  || { echo "$hint" >&2; exit 1; }
