# Steps with a heading and their seconds, a summary, and the installing of what they need.
# Sourced by `run`.

step_names=()
step_seconds=()

fail() {
  echo "FAILED: $*"
  return 1
}

# step NAME COMMAND…: runs the command in a shell of its own. The first step that fails ends the run.
step() {
  local name=$1 start=$SECONDS status seconds
  shift
  printf '\n=== %d. %s\n' "$((${#step_names[@]} + 1))" "$name"
  # Not in a condition: there, `set -e` would be without effect inside the command.
  set +e
  (
    set -euo pipefail
    "$@"
  )
  status=$?
  set -e
  seconds=$((SECONDS - start))
  step_names+=("$name")
  step_seconds+=("$seconds")
  if ((status != 0)); then
    printf 'FAILED: step %d, %s: exit %d after %d s\n' "${#step_names[@]}" "$name" "$status" "$seconds"
    summary 1
    exit 1
  fi
  printf -- '--- %s: %d s\n' "$name" "$seconds"
}

# summary FAILED: the table of steps; its last line counts them.
summary() {
  local at total=0
  printf '\nseconds  step\n'
  for at in "${!step_names[@]}"; do
    printf '%7d  %s\n' "${step_seconds[at]}" "${step_names[at]}"
    total=$((total + step_seconds[at]))
  done
  printf '%7d  in all\n\n' "$total"
  printf '%d passed, %d failed\n' "$((${#step_names[@]} - $1))" "$1"
}

# debian_packages PACKAGE…: installs them where that is possible.
debian_packages() {
  (($# > 0)) || return 0
  if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
    fail "these Debian packages are needed: $*"
    return 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get -qq -o Acquire::Retries=3 update
  apt-get -qq -o Acquire::Retries=3 install -y --no-install-recommends "$@" >/dev/null
}

# What linking, and the bundled SQLite, need.
c_compiler() {
  command -v cc >/dev/null || debian_packages gcc libc6-dev
}

# The judges of the interoperability checks, and what measuring and fuzzing need.
install_tools() {
  local missing=()
  command -v 7z >/dev/null || missing+=(p7zip-full)
  command -v unzip >/dev/null || missing+=(unzip)
  command -v c++ >/dev/null || missing+=(g++)
  command -v qpdf >/dev/null || missing+=(qpdf)
  command -v pdfsig >/dev/null || missing+=(poppler-utils)
  command -v mutool >/dev/null || missing+=(mupdf-tools)
  command -v exiftool >/dev/null || missing+=(libimage-exiftool-perl)
  [[ -x /usr/bin/time ]] || missing+=(time)
  python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
  debian_packages "${missing[@]}"

  python3 -m venv "$ci/python"
  "$ci/python/bin/pip" install --quiet --disable-pip-version-check --requirement .ci/requirements.txt
  "$ci/python/bin/pip" list --disable-pip-version-check --format freeze |
    grep -Ei '^(openpyxl|pikepdf|pyHanko|pypdf|python-docx|python-pptx)='

  mkdir -p "$ci/node"
  cp .ci/package.json "$ci/node/"
  (cd "$ci/node" && npm install --no-audit --no-fund --no-package-lock --loglevel=error)
}
