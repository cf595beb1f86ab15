# The commands in the README.

.PHONY: run web web-dev test lint bench stack stack-down stack-restart clean

# The whole shop on http://127.0.0.1:8080, with demo data. If the web front cannot be built, says why
# and runs without it.
run:
	@scripts/web try
	cargo run --release --bin cartwright -- serve

# The storefront and the admin; the next build of the program includes them.
web:
	@scripts/web

# The same with Vite in front of a running shop (`make run`), to see changes at once.
web-dev:
	@scripts/web dev

# The shop with every service in a process of its own, over PostgreSQL, RabbitMQ and Redis on this
# machine.
stack:
	@scripts/web try
	cargo build --release -p cartwright
	@scripts/stack up

stack-down:
	@scripts/stack down

# Replaces every process while the shop keeps serving.
stack-restart:
	@scripts/web try
	cargo build --release -p cartwright
	@scripts/stack restart

# Every test; TEST_WITHOUT skips some, see scripts/test.
test:
	@scripts/test

# The checks of CI besides tests.
lint:
	cargo fmt --all -- --check
	cargo clippy --workspace --all-targets --quiet -- -D warnings
	@scripts/web lint
	@if cargo deny --version >/dev/null 2>&1; then cargo deny --log-level error check bans licenses sources; \
		else echo "cargo deny is not installed: skipped licences and sources of dependencies"; fi
	@if cargo shear --version >/dev/null 2>&1; then cargo shear; \
		else echo "cargo shear is not installed: skipped unused dependencies"; fi

# Benchmarks; see docs/performance.md.
bench:
	cargo build --release -p cartwright -p bench
	target/release/bench

clean:
	cargo clean
