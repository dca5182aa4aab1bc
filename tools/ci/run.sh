#!/usr/bin/env bash
# What the GitHub action runs: turns its inputs (IN_*) into one command and keeps the exit code for the last step,
# so that the report is summed up and uploaded before the job fails.
set -uo pipefail
set -f  # a model's name may hold a star

options=(--out "${IN_OUT:-conformance-report}" --overwrite --fail-on "${IN_FAIL_ON:-must}" --confirm "${IN_CONFIRM:-1}")
[ -n "${IN_SELECT:-}" ] && options+=(--select "$IN_SELECT")
[ -n "${IN_KNOWN:-}" ] && options+=(--known-failures "$IN_KNOWN")
[ -n "${IN_BASELINE:-}" ] && options+=(--baseline "$IN_BASELINE")

if [ -n "${IN_CONFIG:-}" ]; then
    conformance run "${options[@]}" --config "$IN_CONFIG"
    code=$?
elif [ -n "${IN_URL:-}" ]; then
    options+=(--api-key-env "${IN_KEY_ENV:-OPENAI_API_KEY}")
    for model in ${IN_MODELS:-}; do options+=(--model "$model"); done
    [ -n "${IN_PROFILE:-}" ] && options+=(--profile "$IN_PROFILE")
    conformance run "${options[@]}" -- "$IN_URL"  # what follows the dashes is never taken for an option
    code=$?
else
    echo "::error::give the input url or config"
    code=2
fi
[ -n "${GITHUB_OUTPUT:-}" ] || exit "$code"
echo "exit-code=$code" >>"$GITHUB_OUTPUT"
