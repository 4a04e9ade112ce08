#!/bin/sh
# Fetch nginx, promtool and shellcheck, which check deploy/, out of Debian's packages into .tools/debian.
# It installs and starts nothing, and needs no root.
set -eu
cd "$(dirname "$0")/.."
target="$PWD/.tools/debian"
PATH="$PATH:/usr/sbin:$target/usr/bin:$target/usr/sbin"
missing=""
for name in nginx promtool shellcheck; do command -v "$name" >/dev/null || missing=yes; done
[ -n "$missing" ] || exit 0
command -v apt-get >/dev/null || exit 0 # the tests name what they leave out (tests/needs.py)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fetch() {
  (cd "$work" && apt-get download -qq -o APT::Sandbox::User=root nginx prometheus shellcheck) 2>/dev/null
}
echo "Fetching nginx, promtool and shellcheck…"
if { fetch || { apt-get update -qq && fetch; }; } 2>/dev/null; then
  for package in "$work"/*.deb; do dpkg-deb -x "$package" "$work/files"; done
  mkdir -p "$target/usr/bin" "$target/usr/sbin"
  cp "$work/files/usr/sbin/nginx" "$target/usr/sbin/"
  cp "$work/files/usr/bin/promtool" "$work/files/usr/bin/shellcheck" "$target/usr/bin/"
else
  echo "What checks deploy/ needs them: apt-get install nginx prometheus shellcheck" >&2
  exit 1
fi
