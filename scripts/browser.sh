#!/bin/sh
# Make sure that there is a Chromium for the browser tests.
set -eu
command -v chromium >/dev/null && exit 0
hint="The browser tests need Chromium: apt-get install chromium"
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "$hint" >&2
  exit 1
fi
echo "Installing Chromium…"
{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; } >/dev/null \
  || { echo "$hint" >&2; exit 1; }
