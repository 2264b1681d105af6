#!/bin/sh
# Goes back to $WINDLASS_VERSION, whose folder is still there. Where it never left, nothing changes.
set -eu

HERE=$(cd "$(dirname "$0")" && pwd)
LIVE=${LIVE:-$HERE/live}
version=${1:-${WINDLASS_VERSION:?which version}}

echo "rollback: from ${WINDLASS_FROM:-?} to $version"
[ -d "$LIVE/releases/$version" ] || {
    echo "rollback: error: release $version is gone" >&2
    exit 1
}
rm -rf "$LIVE/lock"
rm -f "$LIVE/current"
ln -s "releases/$version" "$LIVE/current"
echo "rollback: $version is live"
