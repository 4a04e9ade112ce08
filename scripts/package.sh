#!/bin/sh
# Make sure that there is a program: package.sh "who needs it" NAME [OTHER-NAME…].
# NAME is also the name of Debian's package. Exit status 3: this machine has no apt-get.
set -eu
who="$1" package="$2"
shift
for name; do command -v "$name" >/dev/null && exit 0; done
if ! command -v apt-get >/dev/null; then
  echo "left out: $who (this machine has no $package)" >&2
  exit 3
fi
hint="$who: apt-get install $package"
if [ "$(id -u)" != 0 ]; then
  echo "$hint" >&2
  exit 1
fi
echo "Installing $package…"
{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package"; } >/dev/null \
  || { echo "$hint" >&2; exit 1; }
