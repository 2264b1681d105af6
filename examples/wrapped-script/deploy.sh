#!/bin/sh
# Brings a version of the site: a folder of its own, then a link that is switched to it.
#
#   deploy.sh            brings $WINDLASS_VERSION
#   deploy.sh VERSION    the same by hand, without Windlass
#   deploy.sh --status   says what is live, as one line of JSON
set -eu

HERE=$(cd "$(dirname "$0")" && pwd)
LIVE=${LIVE:-$HERE/live}
KEEP=3

log() {
    echo "deploy: $*"
}

die() {
    echo "deploy: error: $*" >&2
    exit 1
}

# Tells Windlass, where it is Windlass that runs this.
say() {
    [ -z "${WINDLASS_TOKEN:-}" ] || windlass report "$@" || true
}

# The version that the link points at; nothing where there is none.
current() {
    if [ -L "$LIVE/current" ]; then
        basename "$(readlink "$LIVE/current")"
    fi
}

# What Windlass asks: {"version": "7", "state": "live"}, or "absent", or "moving".
status() {
    if [ -e "$LIVE/lock" ]; then
        printf '{"version": null, "state": "moving"}\n'
    elif [ -n "$(current)" ]; then
        printf '{"version": "%s", "state": "live"}\n' "$(current)"
    else
        printf '{"version": null, "state": "absent"}\n'
    fi
}

# Only one at a time. A second try of the same deployment may find the lock of the first.
lock() {
    mkdir -p "$LIVE/releases"
    if ! mkdir "$LIVE/lock" 2>/dev/null; then
        if [ "${WINDLASS_ATTEMPT:-1}" -eq 1 ]; then
            die "somebody else deploys: $LIVE/lock is there"
        fi
        log "try $WINDLASS_ATTEMPT: takes over what an earlier one has left"
    fi
    trap unlock EXIT
    trap 'exit 143' TERM INT
}

unlock() {
    rm -rf "$LIVE/lock"
}

check() {
    [ -d "$HERE/site" ] || die "there is no folder $HERE/site"
    [ -f "$HERE/site/index.html" ] || die "site/index.html is missing"
    if grep -q FIXME "$HERE/site/index.html"; then
        die "site/index.html says FIXME"
    fi
}

# The same twice is the same once.
build() {
    target=$LIVE/releases/$1
    log "builds $target"
    rm -rf "$target.new"
    cp -R "$HERE/site" "$target.new"
    echo "$1" > "$target.new/version.txt"
    rm -rf "$target"
    mv "$target.new" "$target"
}

switch_to() {
    log "switches to $1"
    ln -sfn "releases/$1" "$LIVE/current"
}

verify() {
    seen=$(cat "$LIVE/current/version.txt" 2>/dev/null || true)
    [ "$seen" = "$1" ] || die "the site says '$seen' instead of '$1'"
    log "$1 is live"
}

# The newest few stay for a rollback.
clean_up() {
    ls -1t "$LIVE/releases" | tail -n +$((KEEP + 1)) | while read -r old; do
        [ "$old" = "$(current)" ] || rm -rf "$LIVE/releases/$old"
    done
}

deploy() {
    version=$1
    before=$(current)
    log "brings $version, after ${before:-nothing}"
    say phase check
    check
    lock
    say phase build
    build "$version"
    say metric files "$(find "$LIVE/releases/$version" -type f | wc -l | tr -d ' ')"
    say phase switch
    switch_to "$version"
    verify "$version"
    say phase "clean up"
    clean_up
    say progress 100
}

case ${1:-} in
    --status) status ;;
    -*) die "unknown option $1" ;;
    *) deploy "${1:-${WINDLASS_VERSION:?which version}}" ;;
esac
