# Thin on purpose: every line can also be typed by hand.

CAPBENCH = cargo run --quiet --package capbench --
GUEST    = reference-guests/capos

.PHONY: run-measure test lint bench guests deps docs schema-check

# The main job: install what is missing, build, boot, report.
run-measure: deps
	$(CAPBENCH) run ring

# What .ci/run calls.
test: deps lint
	cargo test --quiet --workspace
	cd $(GUEST) && cargo test --quiet --workspace --exclude capos-kernel

lint:
	cargo fmt --all --check
	cargo clippy --quiet --workspace --all-targets -- -D warnings
	cd $(GUEST) && cargo fmt --all --check

# Speed and memory, as ratios within one run; never part of the tests.
bench:
	cargo bench --workspace

guests: deps
	$(CAPBENCH) guest build

# States disk and minutes, checks compilers, installs distribution packages.
deps:
	sh tools/first-run.sh

# Needs mdBook (`cargo install mdbook`).
docs:
	mdbook build docs

# Regenerates the Cap'n Proto code with the pinned compiler and compares.
schema-check:
	cargo run --quiet --release --manifest-path tools/schema/Cargo.toml -- --check
