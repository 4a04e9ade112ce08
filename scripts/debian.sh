#!/bin/sh
# Fetch nginx and promtool, which check deploy/, out of Debian's packages into .tools/debian.
# It installs and starts nothing, and needs no root.
set -eu
cd "$(dirname "$0")/.."
target="$PWD/.tools/debian"
PATH="$PATH:/usr/sbin:$target/usr/bin:$target/usr/sbin"
command -v nginx >/dev/null && command -v promtool >/dev/null && exit 0
command -v apt-get >/dev/null || exit 0 # the tests name what they leave out (tests/needs.py)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fetch() {
  (cd "$work" && apt-get download -qq -o APT::Sandbox::User=root nginx prometheus) 2>/dev/null
}
echo "Fetching nginx and promtool…"
if { fetch || { apt-get update -qq && fetch; }; } 2>/dev/null; then
  for package in "$work"/*.deb; do dpkg-deb -x "$package" "$work/files"; done
  mkdir -p "$target/usr/bin" "$target/usr/sbin"
  cp "$work/files/usr/sbin/nginx" "$target/usr/sbin/"
  cp "$work/files/usr/bin/promtool" "$target/usr/bin/"
else
  echo "What checks deploy/ needs them: apt-get install nginx prometheus" >&2
  exit 1
fi
