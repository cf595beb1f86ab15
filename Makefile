# The commands of the README, each a line or two.

.PHONY: run web web-dev test lint bench stack stack-down stack-restart clean

# The whole shop on http://127.0.0.1:8080, with demo data. Says so where it has to do without the
# web front.
run:
	@scripts/web try
	cargo run --release --bin cartwright -- serve

# The storefront and the admin, which the next build of the program takes in.
web:
	@scripts/web

# The same from Vite, before a shop that runs (`make run`), to change them and see it at once.
web-dev:
	@scripts/web dev

# The same shop with every service as a process of its own, over the PostgreSQL, RabbitMQ and Redis
# of this machine.
stack:
	@scripts/web try
	cargo build --release -p cartwright
	@scripts/stack up

stack-down:
	@scripts/stack down

# Replaces every process by a new one while the shop serves.
stack-restart:
	@scripts/web try
	cargo build --release -p cartwright
	@scripts/stack restart

# Every test; TEST_WITHOUT names what to leave out, see scripts/test.
test:
	@scripts/test

# What CI asks of the code besides its tests.
lint:
	cargo fmt --all -- --check
	cargo clippy --workspace --all-targets --quiet -- -D warnings
	@scripts/web lint
	@if cargo deny --version >/dev/null 2>&1; then cargo deny --log-level error check bans licenses sources; \
		else echo "Without cargo deny: licences and sources of dependencies are not checked"; fi
	@if cargo shear --version >/dev/null 2>&1; then cargo shear; \
		else echo "Without cargo shear: unused dependencies are not looked for"; fi

# Measures the shop against a bare handler in the same run; see docs/performance.md.
bench:
	cargo build --release -p cartwright -p bench
	target/release/bench

clean:
	cargo clean
