#!/usr/bin/env bash
# Makes the packages of the program that `make build` built, into build/packages (docs/packages.md).
#
# usage: tools/packages.sh [deb|wheel|image…]   default: all three; the image holds what the Debian packages install
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")/.."
here=$PWD
release=build/release
out=build/packages
version=$(sed -n 's/^project(heretix VERSION \([^ ]*\) .*/\1/p' CMakeLists.txt)

say() { printf 'packages: %s\n' "$*" >&2; }
place() { tools/setup.sh where | sed -n "s/^$1 //p"; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

make_deb() {
  say "the Debian packages"
  rm -f "$out"/*.deb
  (cd "$release" && cpack -G DEB -D CPACK_PACKAGE_DIRECTORY="$work/deb") >"$work/cpack.log" 2>&1 || { tail -20 "$work/cpack.log" >&2; exit 70; }
  mv "$work"/deb/*.deb "$out/"
}

# libcurl and libpq are loaded when they are first used, so that auditwheel does not see them: they go into the program's
# lib, where its search path leads, and auditwheel adds what they need in turn.
carry_loaded_libraries() { # carry_loaded_libraries PREFIX
  local library found
  : >"$work/loaded"
  for library in libcurl.so.4 libpq.so.5; do
    found=$(ldconfig -p | sed -n "s/.*$library .* => //p" | head -1)
    cp -L "$found" "$1/lib/$library"
    echo "$found" >>"$work/loaded"
  done
  patchelf --set-rpath "\$ORIGIN/../lib" "$1/bin/heretix"
  patchelf --set-rpath "\$ORIGIN/../lib/heretix:\$ORIGIN/../lib" "$1/bin/heretix-export"
}

# The notices of the Debian packages whose libraries auditwheel puts into the wheel.
carry_notices() { # carry_notices PREFIX
  local folder=$1/share/doc/heretix/debian package
  mkdir -p "$folder"
  # By name alone: dpkg knows some by /lib and some by /usr/lib.
  { cat "$work/loaded"; ldd "$1"/bin/* "$1"/lib/*.so.* | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p'; } | grep -v -F "$1" | sort -u | xargs -n1 realpath | sed 's|.*/|*/|' |
    xargs dpkg -S | cut -d: -f1 | sort -u >"$work/owners"
  while read -r package; do
    cp -L "/usr/share/doc/$package/copyright" "$folder/$package.txt"
  done <"$work/owners"
}

make_wheel() {
  local prefix=$work/prefix pip=(python3 -m pip --disable-pip-version-check) site build
  say "the wheels"
  rm -f "$out"/*.whl
  site=$(place packaging)
  local -x PATH=$site/bin:$PATH # its patchelf: Debian 12 has one that is too old for auditwheel
  build=(wheel --quiet --no-deps --no-index --no-build-isolation)
  cmake --install "$release" --component program --strip --prefix "$prefix" >/dev/null
  carry_loaded_libraries "$prefix"
  carry_notices "$prefix"

  PYTHONPATH=$site "${pip[@]}" "${build[@]}" --wheel-dir "$work/plain" --config-settings "build-dir=$work/module" \
    --config-settings "cmake.define.HERETIX_PROGRAM_PREFIX=$prefix" ./python
  # Arrow's libraries lie beside heretix-export under their own names, by which it finds the one for S3.
  PYTHONPATH=$site python3 -m auditwheel repair --exclude 'libarrow*' --exclude 'libparquet*' --wheel-dir "$out" "$work"/plain/heretix-*.whl \
    >"$work/auditwheel.log" 2>&1 || { tail -20 "$work/auditwheel.log" >&2; exit 70; }

  PYTHONPATH=$site "${pip[@]}" "${build[@]}" --wheel-dir "$out" --config-settings "build-dir=$work/model" \
    --config-settings "cmake.define.HERETIX_MODEL=$(place model)" ./packaging/model-wheel
}

# in_root ROOT COMMAND…: with a device folder, the processes and the names of this machine's network.
in_root() {
  local root=$1
  shift
  unshare --mount --pid --fork --mount-proc="$root/proc" chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@"
}

# The root of the image: what the packages install, and for the pictures of shared results librsvg with a font. Manuals and
# translations stay out, notices stay.
fill_root() { # fill_root ROOT
  local root=$1
  tar -xpf "$(place bare-debian)" -C "$root"
  cat >"$root/etc/dpkg/dpkg.cfg.d/heretix-image" <<'END'
path-exclude=/usr/share/man/*
path-exclude=/usr/share/locale/*
path-exclude=/usr/share/info/*
path-exclude=/usr/share/doc/*
path-include=/usr/share/doc/*/copyright
path-include=/usr/share/doc/heretix*
END
  cp -L /etc/resolv.conf "$root/etc/resolv.conf"
  cp "$out"/*.deb "$root/tmp/"
  in_root "$root" apt-get update -qq
  in_root "$root" apt-get upgrade -y -qq >/dev/null
  in_root "$root" sh -c 'apt-get install -y -qq --no-install-recommends /tmp/*.deb librsvg2-bin fonts-dejavu-core' >/dev/null
  in_root "$root" useradd --system --home-dir /var/lib/heretix --create-home heretix

  rm -rf "$root"/tmp/*.deb "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*.bin "$root"/var/cache/apt/archives/*.deb "$root"/usr/share/man/* \
    "$root"/usr/share/locale/* "$root"/usr/share/info/* "$root"/var/log/* "$root"/etc/resolv.conf
}

make_image() {
  local name=heretix:$version store=(--root "$work/store" --runroot "$work/run" --storage-driver vfs) image
  say "the image"
  if [ "$(id -u)" -ne 0 ]; then
    say "only root can install into the image's root: sudo make packages"
    exit 4
  fi
  image=$out/heretix-image-$version-$(dpkg --print-architecture).tar.gz
  rm -f "$out"/heretix-image-*
  mkdir "$work/root" "$work/context"
  fill_root "$work/root" 2>"$work/root.log" || { tail -20 "$work/root.log" >&2; exit 70; }
  tar -cf "$work/context/root.tar" -C "$work/root" --sort=name --numeric-owner .
  rm -rf "$work/root"

  # Nothing runs in it meanwhile. --format docker, because the other format has no HEALTHCHECK.
  {
    podman "${store[@]}" build --isolation chroot --format docker --tag "$name" -f packaging/image/Containerfile "$work/context" &&
      rm "$work/context/root.tar" && podman "${store[@]}" save --quiet --format docker-archive --output "$work/image.tar" "localhost/$name"
  } >"$work/podman.log" 2>&1 || { tail -20 "$work/podman.log" >&2; exit 70; }
  gzip -n <"$work/image.tar" >"$image"
}

parts=("$@")
[ ${#parts[@]} -eq 0 ] && parts=(deb wheel image)
if [ ! -x "$release/bin/heretix" ] || [ ! -x "$release/bin/heretix-export" ]; then
  say "there is no program in $here/$release/bin: make build"
  exit 3
fi
mkdir -p "$out"
for part in "${parts[@]}"; do
  case $part in
    deb | wheel | image) "make_$part" ;;
    *) say "unknown part '$part'; use deb, wheel or image"; exit 2 ;;
  esac
done
stat -c '%s %n' "$out"/* | awk '{ printf "%7.1f MB  %s\n", $1 / 1e6, $2 }'
