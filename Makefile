# The commands of the README, each a line or two.

.PHONY: run test lint bench stack stack-down stack-restart clean

# The whole shop on http://127.0.0.1:8080, with demo data.
run:
	cargo run --release --bin cartwright -- serve

# The same shop with every service as a process of its own, over the PostgreSQL, RabbitMQ and Redis
# of this machine.
stack:
	cargo build --release -p cartwright
	@scripts/stack up

stack-down:
	@scripts/stack down

# Replaces every process by a new one while the shop serves.
stack-restart:
	cargo build --release -p cartwright
	@scripts/stack restart

# Every test. Those on PostgreSQL run where a server answers; says which databases were used.
test:
	@scripts/test

# What CI asks of the code besides its tests.
lint:
	cargo fmt --all -- --check
	cargo clippy --workspace --all-targets --quiet -- -D warnings

# Measures the shop against a bare handler in the same run; see docs/performance.md.
bench:
	cargo build --release -p cartwright -p bench
	target/release/bench

clean:
	cargo clean
