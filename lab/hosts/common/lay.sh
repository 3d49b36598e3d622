#!/bin/sh
# Lays one folder of lab/hosts/ over the root of a practice host: its files first, then what its customize.sh does.
# Called by mmdebstrap for each folder of a kind, in order; LAB_RECIPES is lab/hosts/.
set -eu
part=$LAB_RECIPES/$1 root=$2
[ ! -d "$part/files" ] || cp -r --no-preserve=ownership "$part/files/." "$root/"
[ ! -e "$part/customize.sh" ] || sh "$part/customize.sh" "$root"
