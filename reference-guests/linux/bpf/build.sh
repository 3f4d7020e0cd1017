#!/bin/sh
# Compiles the eBPF programs and records which sources they were made of.
# Needed only after a change to one of them: clang, llvm-strip and the headers
# of libbpf-dev. CLANG and LLVM_STRIP choose the tools.
set -eu
cd "$(dirname "$0")"

for source in *.bpf.c; do
	object="objects/${source%.c}.o"
	"${CLANG:-clang}" -target bpf -mcpu=v3 -O2 -g -Wall -Werror \
		-D__TARGET_ARCH_x86 -isystem "/usr/include/$(uname -m)-linux-gnu" \
		-fdebug-compilation-dir=. -c "$source" -o "$object"
	# BTF stays, DWARF goes.
	"${LLVM_STRIP:-llvm-strip}" --strip-debug "$object"
done
sha256sum ./*.h ./*.bpf.c objects/*.o >objects/SHA256SUMS
