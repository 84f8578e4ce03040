#!/usr/bin/env bash
# Writes the lock files from requirements*.txt. Needs uv on the PATH; run by maintainers only.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
compile() { uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-header --no-annotate "$@"; }

# torch apart: the hash of its CPU wheel differs by source, so its dependencies are locked and itself only pinned.
grep -v '^torch==' requirements.txt > "$work/requirements.txt"
sed 's/^-r .*//' requirements-dev.txt > "$work/requirements-dev.txt"
printf 'filelock\ntyping-extensions>=4.10.0\nsetuptools>=77.0.3\nsympy>=1.13.3\nnetworkx>=2.5.1\njinja2\nfsspec>=0.8.5\n' > "$work/torch.txt"

compile "$work/requirements.txt" -o requirements.lock
compile -c requirements.lock "$work/torch.txt" -o requirements-torch.lock
echo torch > "$work/torch-itself.txt"
compile --excludes "$work/torch-itself.txt" -c requirements.lock -c requirements-torch.lock "$work/requirements-dev.txt" -o requirements-dev.lock
