#!/bin/sh
# Fuzzes one target: tests/fuzz/run.sh stream [seconds]
# Builds with the stable toolchain: the coverage pass is part of LLVM and needs
# no nightly flag. Needs a C++ compiler for libFuzzer.
set -eu
cd "$(dirname "$0")"
target=${1:?"usage: run.sh stream|results_json|results_capnp [seconds]"}
mkdir -p "corpus/$target"
RUSTFLAGS="-Cpasses=sancov-module \
  -Cllvm-args=-sanitizer-coverage-level=4 \
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
  -Cllvm-args=-sanitizer-coverage-pc-table \
  -Cllvm-args=-sanitizer-coverage-trace-compares \
  -Ccodegen-units=1" \
  cargo build --quiet --release --target x86_64-unknown-linux-gnu --bin "$target"
exec "${CARGO_TARGET_DIR:-target}/x86_64-unknown-linux-gnu/release/$target" \
  "corpus/$target" -max_total_time="${2:-60}" -rss_limit_mb=512
