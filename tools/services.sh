# Installs the servers and the browser that the tests drive, where they are missing and apt can bring them.
# Sourced by ./check. What cannot be had is said by the tests that need it, in their last lines.
missing=""
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || missing="$missing postgresql"
command -v redis-server >/dev/null 2>&1 || missing="$missing redis-server"
# Not for the server: promtool comes with it.
command -v promtool >/dev/null 2>&1 || missing="$missing prometheus"
command -v mosquitto >/dev/null 2>&1 || missing="$missing mosquitto"
if [ -n "$missing" ] && command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
    echo "Installing$missing for the tests"
    # Debian starts servers after installing them; these tests start their own.
    policy=/usr/sbin/policy-rc.d
    [ -e "$policy" ] || { printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy" && made_policy=1; }
    apt-get update -qq >/dev/null || true
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null ||
        echo "apt could not install$missing; the tests that need them will say so."
    [ -z "${made_policy:-}" ] || rm -f "$policy"
fi
