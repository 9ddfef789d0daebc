# shellcheck shell=bash
# A Docker engine and base images for the tests, all made of Debian's packages: no image registry is asked.
# To be sourced by bash under `set -euo pipefail`:
#
#   engine_up                    use the engine within reach; else, as root on Debian, install and start one
#   engine_base SUITE            image cyrusmapd/base:SUITE (bullseye, bookworm, trixie, sid)
#   engine_build TAG FOLDER …    image TAG from FOLDER/Dockerfile; more arguments go to docker build
#   engine_down                  stop what engine_up started (belongs in an EXIT trap)
#
# ENGINE_DIR keeps images between runs; ENGINE_FLAGS are further options for dockerd.

ENGINE_DIR=${ENGINE_DIR:-/var/tmp/cyrusmapd-engine}
ENGINE_PID=
ENGINE_RUN=
ENGINE_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# Debian's engine has no buildx.
export DOCKER_BUILDKIT=0

engine_log() { printf 'engine: %s\n' "$*" >&2; }

engine_on_debian() ( # a subshell, for os-release sets variables
  # shellcheck source=/dev/null
  . /etc/os-release 2>/dev/null && [ "${ID:-}" = debian ]
)

engine_reachable() { command -v docker >/dev/null && docker info >/dev/null 2>&1; }

# Says on stdout why there can be no engine on this machine; silent where there is or can be one.
engine_refusal() {
  if engine_reachable; then
    return 0
  elif ! engine_on_debian; then
    echo 'no Docker engine within reach, and one is provided on Debian only'
  elif [ "$(id -u)" != 0 ]; then
    echo 'no Docker engine within reach, and only root can install and start one'
  fi
}

engine_apt() { # PACKAGE… : installs those that are missing
  local missing=() package
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  engine_log "apt-get install ${missing[*]}"
  apt-get -o DPkg::Lock::Timeout=300 -qq update || return 1
  # Debian's own docker service must not start beside ours.
  local policy=/usr/sbin/policy-rc.d made=
  if [ ! -e $policy ]; then printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy && made=1; fi
  local status=0
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -qq -y \
    --no-install-recommends install "${missing[@]}" >/dev/null </dev/null || status=$?
  [ -z "$made" ] || rm -f $policy
  return $status
}

engine_up() {
  if engine_reachable; then
    engine_log 'using the engine within reach'
    return 0
  fi
  local refusal
  refusal=$(engine_refusal)
  [ -z "$refusal" ] || { engine_log "$refusal"; return 1; }
  engine_apt docker.io iptables || return 1
  mkdir -p "$ENGINE_DIR"
  exec 9>"$ENGINE_DIR/lock"
  flock -w 900 9 || { engine_log "another run has held $ENGINE_DIR/lock for 15 minutes"; return 1; }
  engine_take_over || engine_start || return 1
  engine_clean
}

# A run that was killed leaves its engine running (taken over), or what remains of it (taken down).
engine_take_over() {
  [ -s "$ENGINE_DIR/run" ] || return 1
  local run
  run=$(cat "$ENGINE_DIR/run")
  if docker -H "unix://$run/docker.sock" info >/dev/null 2>&1; then
    ENGINE_RUN=$run
    ENGINE_PID=$(cat "$run/pid")
    export DOCKER_HOST=unix://$run/docker.sock
    engine_log "taking over dockerd $ENGINE_PID of an earlier run"
    return 0
  fi
  engine_kill "$run/"
  engine_unmount "$run/"
  case $run in /tmp/cyrusmapd-engine.*) rm -rf "$run" ;; esac
  rm -f "$ENGINE_DIR/run"
  return 1
}

engine_start() {
  engine_unmount "$ENGINE_DIR/data"
  # A run folder of its own each time, so that no stale pid file blocks the start; short, for a UNIX path has
  # 107 bytes at most.
  ENGINE_RUN=$(mktemp -d /tmp/cyrusmapd-engine.XXXXXX)
  printf '%s' "$ENGINE_RUN" >"$ENGINE_DIR/run"
  # Where forwarding is off, dockerd turns it on and drops everybody else's forwarded packets.
  [ "$(cat /proc/sys/net/ipv4/ip_forward)" = 1 ] || echo 1 >/proc/sys/net/ipv4/ip_forward
  # --ip: published ports are for this machine only.
  # shellcheck disable=SC2086
  setsid dockerd --data-root "$ENGINE_DIR/data" --exec-root "$ENGINE_RUN/exec" --pidfile "$ENGINE_RUN/pid" \
    --host "unix://$ENGINE_RUN/docker.sock" --ip 127.0.0.1 --log-level warn ${ENGINE_FLAGS:-} \
    >"$ENGINE_RUN/log" 2>&1 </dev/null 9>&- &
  ENGINE_PID=$!
  export DOCKER_HOST=unix://$ENGINE_RUN/docker.sock
  local attempt
  for ((attempt = 0; attempt < 300; attempt++)); do
    if docker info >/dev/null 2>&1; then
      engine_log "dockerd $(docker version -f '{{.Server.Version}}') on $DOCKER_HOST"
      return 0
    fi
    kill -0 "$ENGINE_PID" 2>/dev/null || break
    sleep 0.1
  done
  engine_log 'dockerd did not start:'
  tail -n 20 "$ENGINE_RUN/log" >&2
  return 1
}

engine_kill() { # PREFIX : what a killed dockerd started, containers first, told by the path in its command line
  local file pid
  for file in /proc/[0-9]*/cmdline; do
    pid=${file//[!0-9]/}
    tr '\0' ' ' 2>/dev/null <"$file" | grep -qF -- "$1" || continue
    # shellcheck disable=SC2046
    kill -KILL $(cat "/proc/$pid/task/$pid/children") "$pid" 2>/dev/null || true
  done
}

engine_unmount() { # PREFIX : the deepest first
  local point
  awk -v prefix="$1" 'index($2, prefix) == 1 { print $2 }' /proc/mounts | sort -r |
    while IFS= read -r point; do umount -l "$point" || true; done
}

# Removes what runs have left in an engine of ours: containers, and images that newer ones have replaced.
engine_clean() {
  local left
  left=$(docker ps -aq)
  # shellcheck disable=SC2086
  [ -z "$left" ] || docker rm -fv $left >/dev/null
  docker image prune --force >/dev/null
}

# The mirror this machine takes Debian from; a list of packages has to be there to tell it from other sources.
engine_mirror() {
  local mirror
  # shellcheck disable=SC1091,SC2016
  mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' 'Component: main' \
    "Codename: $(. /etc/os-release && echo "$VERSION_CODENAME")" | sed -n 1p)
  case $mirror in
    # Debian's cloud images name a file of mirrors, which a container does not have.
    mirror+file:*) awk '!/^#/ && NF { print $1; exit }' "${mirror#mirror+file:}" ;;
    *) echo "$mirror" ;;
  esac
}

# What of this machine's apt configuration a container needs to fetch from the same mirror.
engine_apt_conf() { apt-config dump | grep -Ei '^Acquire::([^ ]*proxy[^ ]*|Check-[^ ]+|Retries|ForceIPv4) "[^"]' || true; }

engine_has() { docker image inspect "$1" >/dev/null 2>&1; } # IMAGE

engine_base_tools() { # SUITE… : installs what engine_base needs, unless all their images are there already
  local suite
  for suite in "$@"; do engine_has "cyrusmapd/base:$suite" || break; done
  if engine_has "cyrusmapd/base:$suite" || command -v mmdebstrap >/dev/null; then return 0; fi
  if engine_on_debian && [ "$(id -u)" = 0 ]; then engine_apt mmdebstrap debian-archive-keyring; return; fi
  engine_log "cyrusmapd/base:$suite needs mmdebstrap, which is installed on Debian as root only"
  return 1
}

engine_base() { # SUITE
  local suite=$1 image=cyrusmapd/base:$1 mirror folder include=apt
  ! engine_has "$image" || return 0
  engine_base_tools "$suite"
  mirror=$(engine_mirror)
  if [ -z "$mirror" ]; then
    apt-get -qq update
    mirror=$(engine_mirror)
  fi
  [ -n "$mirror" ] || { engine_log "apt's configuration names no mirror of Debian"; return 1; }
  engine_log "$image from Debian's packages"
  case $mirror in https:*) include=ca-certificates ;; esac
  folder=$(mktemp -d)
  engine_apt_conf >"$folder/apt.conf"
  # The line ends up as the image's sources.list. signed-by: a keyring that knows newer and older suites than
  # this machine's own, and that every suite has in the same place.
  local status=0
  # shellcheck disable=SC2016
  mmdebstrap --quiet --variant=minbase --include="$include" --aptopt="$folder/apt.conf" \
    --dpkgopt='force-unsafe-io' \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    --customize-hook='printf "APT::Install-Recommends false;\nAcquire::Languages none;\n" >"$1/etc/apt/apt.conf.d/90image"' \
    --customize-hook='printf "#!/bin/sh\nexit 101\n" >"$1/usr/sbin/policy-rc.d"; chmod 755 "$1/usr/sbin/policy-rc.d"' \
    "$suite" - "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" |
    docker import -c 'CMD ["bash"]' -c 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
      - "$image" >/dev/null || status=$?
  rm -rf "$folder"
  # Half an image would be taken for a whole one next time.
  [ $status = 0 ] || docker rmi --force "$image" >/dev/null 2>&1 || true
  return $status
}

# The context is the root of the repository, of which it holds FOLDER and cf, and what FOLDER/context puts into the
# folder that it is given, where there is such a program.
engine_build() { # TAG FOLDER [OPTION…]
  local tag=$1 folder=${2#"$ENGINE_ROOT"/} option args=()
  shift 2
  # apt runs in this machine's own network, where its proxies are; they do not stay in the image.
  for option in http_proxy https_proxy no_proxy; do
    [ -z "${!option:-}" ] || args+=(--build-arg "$option=${!option}")
  done
  # Owners, modes and order as in any other clone, or the layers would not be found again.
  local context=("$folder") work status=0
  [ ! -d "$ENGINE_ROOT/cf" ] || context+=(cf)
  engine_log "build $tag"
  work=$(mktemp -d)
  mkdir "$work/more"
  if [ -x "$ENGINE_ROOT/$folder/context" ]; then
    "$ENGINE_ROOT/$folder/context" "$work/more" >"$work/log" 2>&1 || status=$?
  fi
  if [ $status = 0 ]; then
    tar -c --sort=name --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX \
      -C "$ENGINE_ROOT" "${context[@]}" -C "$work/more" . |
      docker build --quiet --force-rm --network host --tag "$tag" --file "$folder/Dockerfile" "${args[@]}" "$@" - \
        >"$work/log" 2>&1 || status=$?
  fi
  [ $status = 0 ] || cat "$work/log" >&2
  rm -rf "$work"
  return $status
}

engine_down() {
  [ -n "$ENGINE_PID" ] || return 0
  engine_clean || true
  kill "$ENGINE_PID" 2>/dev/null || true
  local attempt
  for ((attempt = 0; attempt < 200; attempt++)); do
    kill -0 "$ENGINE_PID" 2>/dev/null || break
    sleep 0.1
  done
  engine_unmount "$ENGINE_RUN/"
  engine_unmount "$ENGINE_DIR/data"
  rm -rf "$ENGINE_RUN" "$ENGINE_DIR/run"
  ENGINE_PID=
  unset DOCKER_HOST
  exec 9>&-
}
