#!/bin/sh
# Every Python that the product is for and that this machine has, on PATH or below pyenv.
#   pythons.sh oldest       print the path of the oldest
#   pythons.sh test UV      test with each but the one of .venv: the demonstration, and the audio tests
set -eu
cd "$(dirname "$0")/.."
supported="3.11 3.12 3.13 3.14"

find_python() { # a shim of pyenv is on PATH and may still have no Python behind it
  for python in "python$1" python3 "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1".*/bin/python3; do
    "$python" -c "import sys, venv; sys.exit('%d.%d' % sys.version_info[:2] != '$1')" 2>/dev/null \
      && "$python" -c 'import sys; print(sys.executable)' && return
  done
  return 1
}

if [ "$1" = oldest ]; then
  for version in $supported; do find_python "$version" && exit 0; done
  echo python3
  exit 0
fi

first=$(.venv/bin/python -c "import sys; print('%d.%d' % sys.version_info[:2])")
found="$first" missed=""
for version in $supported; do
  [ "$version" = "$first" ] && continue
  python=$(find_python "$version") || { missed="$missed $version"; continue; }
  found="$found $version"
  environment=".tools/venv-$version"
  echo "Python $version: installing…"
  UV_PROJECT_ENVIRONMENT="$environment" "$2" sync --quiet --frozen --all-extras \
    --no-group deploy --no-group bench --no-group functions --no-group release --python "$python"
  echo "Python $version: the demonstration…" # at ports that no outgoing connection has
  "$environment/bin/utter-transcribe" demo --once --ports "$((7000 + ${version#3.}))" >"$environment/demo.log" 2>&1 \
    || { cat "$environment/demo.log"; exit 1; }
  tail -n 1 "$environment/demo.log"
  echo "Python $version: the audio tests…"
  "$environment/bin/python" -m pytest -q tests/transcription/test_audio*.py tests/security/test_fuzz_audio.py
done
echo "Tested with Python $found${missed:+; not on this machine:$missed}"
