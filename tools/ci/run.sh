#!/usr/bin/env bash
# What the GitHub action runs: turns its inputs (IN_*) into one command and keeps the exit code for the last step,
# so that the report is summed up and uploaded before the job fails.
set -uo pipefail

arguments=(run --out "$IN_OUT" --overwrite --fail-on "${IN_FAIL_ON:-must}" --confirm "${IN_CONFIRM:-1}")
if [ -n "${IN_CONFIG:-}" ]; then
    arguments+=(--config "$IN_CONFIG")
elif [ -n "${IN_URL:-}" ]; then
    arguments+=("$IN_URL" --api-key-env "${IN_KEY_ENV:-OPENAI_API_KEY}")
    for model in ${IN_MODELS:-}; do arguments+=(--model "$model"); done
    [ -n "${IN_PROFILE:-}" ] && arguments+=(--profile "$IN_PROFILE")
else
    echo "::error::give the input url or config" >&2
    code=2
fi
[ -n "${IN_SELECT:-}" ] && arguments+=(--select "$IN_SELECT")
[ -n "${IN_KNOWN:-}" ] && arguments+=(--known-failures "$IN_KNOWN")
[ -n "${IN_BASELINE:-}" ] && arguments+=(--baseline "$IN_BASELINE")

if [ -z "${code:-}" ]; then
    conformance "${arguments[@]}"
    code=$?
fi
echo "exit-code=$code" >>"${GITHUB_OUTPUT:-/dev/null}"
[ -n "${GITHUB_OUTPUT:-}" ] || exit "$code"
