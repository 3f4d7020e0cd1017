# Thin on purpose: every line can also be typed by hand.

CAPBENCH = cargo run --quiet --package capbench --
CAPOS    = reference-guests/capos
LINUX    = reference-guests/linux
# Held against the published capOS crates; its tests run with the others.
CONFORMANCE = reference-guests/conformance

.PHONY: run-measure gate test test-long lint bench test-qemu test-sql guests packages deps deps-test docs schema-check

# The main job: install what is missing, build, boot, report.
run-measure: deps
	$(CAPBENCH) run ring

# The working tree against a revision, `make gate BASE=main`: both run, and the comparison
# is written as Markdown too.
gate: deps
	$(CAPBENCH) gate $(BASE) --markdown target/gate/report.md

# What .ci/run calls. Tests whose readers cannot be installed say `skipped`.
test: packages lint
	-@sh tools/deps-test.sh
	cargo test --quiet --workspace
	cd $(CAPOS) && cargo test --quiet
	cd $(LINUX) && cargo test --quiet --release

# What the tests try a sample of, whole: the matrix of mutations, the seeded faults and
# the self-tests of the gate.
test-long: packages
	cargo build --quiet --package capbench
	cargo test --quiet --package capbench-verify --test run -- --ignored --nocapture the_whole_matrix
	CAPBENCH_FAULTS=all cargo test --quiet --package capbench-tests --test seeded_faults -- --nocapture
	CAPBENCH_GATE=all cargo test --quiet --package capbench-tests --test gate -- --nocapture

# The ring suite, tier 0 and their audits under QEMUs of further Debian releases, which
# are unpacked below target/qemu/ and not installed. `make test` runs them once they are
# there.
test-qemu: packages
	sh tools/qemu.sh trixie sid
	cargo build --quiet --package capbench
	cargo test --quiet --package capbench-tests --test emulators

# SQL over the store: apart, because its planner takes minutes to build.
test-sql:
	cargo test --package capbench-store --features sql
	cargo test --package capbench --features sql --test artifact

lint:
	cargo fmt --all --check
	cargo clippy --quiet --workspace --all-targets -- -D warnings
	cd $(CAPOS) && cargo fmt --all --check
	cd $(CAPOS) && cargo clippy --quiet --release --workspace -- -D warnings
	cd $(CAPOS) && cargo clippy --quiet --release --package kernel --features segments -- -D warnings
	cd $(LINUX) && cargo fmt --all --check
	cd $(LINUX) && cargo clippy --quiet --release --all-targets -- -D warnings
	cd $(CONFORMANCE) && cargo fmt --all --check
	cd $(CONFORMANCE) && cargo clippy --quiet --all-targets -- -D warnings
	cd $(CONFORMANCE) && cargo clippy --quiet --release --target x86_64-unknown-linux-gnu \
	    --package typed-clients --package typed-child -- -D warnings

# Speed and memory, as ratios within one run or beside their budgets; never part of
# the tests. A trace of any length: the example `generate`, then `throughput FILE`.
bench:
	cargo bench --package trace-format --bench codec
	cargo bench --package kernel-measure --bench probes
	cargo run --quiet --release --package capbench-frames --example throughput

guests: deps
	$(CAPBENCH) guest build

# Distribution packages only: the tests build everything themselves.
packages:
	sh tools/first-run.sh --packages

# States disk and minutes, checks compilers, installs distribution packages.
deps:
	sh tools/first-run.sh

# Readers for tests: Chromium, the capnp tool, pinned Python packages.
deps-test:
	sh tools/deps-test.sh

# Needs mdBook (`cargo install mdbook`).
docs:
	mdbook build docs

# Regenerates the Cap'n Proto code with the pinned compiler and compares.
schema-check:
	cargo run --quiet --release --manifest-path tools/schema/Cargo.toml -- --check
