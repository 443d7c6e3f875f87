#!/bin/sh
# installed.sh BUILD CC: installs under a new prefix and builds the example there with pkg-config,
# against the shared and against the static library.
set -e
build=$1
compiler=$2
prefix=$(mktemp -d)
trap 'rm -rf "$prefix"' EXIT
cmake --install "$build" --prefix "$prefix" > "$prefix/install.log"
folder=$(dirname "$(find "$prefix" -name libstroma.a)")
PKG_CONFIG_PATH=$folder/pkgconfig
export PKG_CONFIG_PATH
example=$(dirname "$0")/example.c
# shellcheck disable=SC2046
"$compiler" -std=c99 "$example" -o "$prefix/shared" $(pkg-config --cflags --libs stroma) -lm
LD_LIBRARY_PATH=$folder "$prefix/shared" > "$prefix/one.txt"
# shellcheck disable=SC2046
"$compiler" -std=c99 "$example" -o "$prefix/static" $(pkg-config --cflags stroma) \
    "$folder/libstroma.a" $(pkg-config --static --libs stroma | sed 's/-lstroma//') -lm
"$prefix/static" > "$prefix/two.txt"
cmp "$prefix/one.txt" "$prefix/two.txt"
grep -q 'renal failure' "$prefix/one.txt"
