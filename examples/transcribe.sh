#!/bin/sh
# Transcribe a file with curl: sh examples/transcribe.sh recording.mp3
# The answer is JSON; with STREAM=1 it comes as server-sent events, while it is made.
set -eu
file=$1
api=${UTTER_API_URL:-http://127.0.0.1:8780}

field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }

# An account without a name, with limits of its own; a page would send its user's token.
token=$(curl --silent --show-error --fail --json '{}' \
  --header "apikey: $SUPABASE_PUBLISHABLE_KEY" "$SUPABASE_URL/auth/v1/signup" | field access_token)

# The token goes in by standard input: what stands on a command line, every user of the machine reads.
curl --silent --show-error --fail-with-body --no-buffer --config - \
  --form "audio=@$file" --form "language=${AUDIO_LANGUAGE:-Auto}" --form timestamps=segment \
  --header "Accept: ${STREAM:+text/event-stream,}application/json" \
  --header "Idempotency-Key: ${KEY:-$(date +%s)-$$}" \
  "$api/api/transcriptions" <<EOF
header = "Authorization: Bearer $token"
EOF
