#!/usr/bin/env bash
# Writes the four requirements*.lock from their requirements*.txt: every package, every platform, with hashes.
#
#   bin/lock.sh                  keep the versions that are in the locks, add and drop what changed
#   bin/lock.sh --upgrade        take the newest versions that fit
#   bin/lock.sh -P django        take the newest Django that fits
#
# It needs uv (https://docs.astral.sh/uv/). Installing needs only pip. UV names another program than the one on PATH.
set -euo pipefail
cd "$(dirname "$0")/.."

uv=${UV:-uv}
command -v "$uv" >/dev/null || { echo "uv is needed: pip install uv, or set UV to where it is." >&2; exit 1; }

lock() { # requirements file, lock, further options
  local source=$1 target=$2
  shift 2
  "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
    "$@" --output-file "$target" "$source"
}

# The larger sets follow the smaller ones, so that one environment can hold all three.
lock requirements.txt requirements.lock "$@"
lock requirements-local.txt requirements-local.lock --constraint requirements.lock "$@"
lock requirements-sentry.txt requirements-sentry.lock --constraint requirements.lock "$@"
lock requirements-dev.txt requirements-dev.lock --constraint requirements-local.lock \
  --constraint requirements-sentry.lock "$@"
