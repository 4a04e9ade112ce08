#!/bin/sh
# Make sure that there are Firefox and WebKitGTK, and what gives them a microphone and a screen.
# Exit status 3: this machine has no apt-get.
set -eu
who="frontend/e2e/engines"
packages="pulseaudio pulseaudio-utils webkit2gtk-driver xvfb python3-gi gir1.2-webkit2-4.1
  gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-libav gstreamer1.0-pulseaudio"
# Debian names it firefox-esr; others bring a firefox of their own.
command -v firefox-esr >/dev/null || command -v firefox >/dev/null || packages="firefox-esr $packages"
if ! command -v apt-get >/dev/null; then
  echo "left out: $who (this machine has no apt-get)" >&2
  exit 3
fi
missing=""
for package in $packages; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q "ok installed" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
hint="$who: apt-get install$missing"
root=""
if [ "$(id -u)" != 0 ] && [ -n "${CI:-}" ]; then root=sudo; fi # a machine that is nobody's
if [ "$(id -u)" != 0 ] && [ -z "$root" ]; then
  echo "$hint" >&2
  exit 1
fi
echo "Installing$missing…"
# shellcheck disable=SC2086 # one word a package
{ $root apt-get update -qq && $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing; } >/dev/null \
  || { echo "$hint" >&2; exit 1; }
