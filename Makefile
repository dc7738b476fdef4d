# What people and CI run. Every cargo call uses the one optimised profile and the one target folder, so that nothing is
# built twice; and names the whole workspace, because a package alone has other features of what is below wasmtime.
#
#   make build     target/release/wellhead and target/plugins/*.wasm
#   make guests    target/guests/*.wasm from Python and JavaScript, which make test asks; needs both
#   make demo      build, start a host, ask it something, stay up until Ctrl-C (make demo LISTEN=127.0.0.1:4000)
#   make test      everything that must pass, against real servers; installs those from Debian's packages if missing
#   make test-all  the same, then make soak
#   make fuzz      every fuzz target for a minute (make fuzz FUZZ_SECONDS=600); what make test replays grew from it
#   make lint      format, clippy, rustdoc, dependencies and licences
#   make instructions  what the host's hot paths cost in instructions, beside tests/instructions/baseline.toml; fails where
#                  one takes over 5 % more, as make test does (make instructions HOT_PATHS='frame/json-mixed-1k')
#   make instructions-baseline  makes the figures of this tree that baseline
#   make bench     the benches; each prints what it compares
#   make bench-live   what live channels cost, over real sockets, beside a bare broadcaster (what the hub alone costs is
#                     host/query/benches/live_hub.rs, one of make bench)
#   make bench-sql    what the sandbox costs a SQL query of a million rows, beside native code
#   make bench-languages  what a plugin costs in Python, in JavaScript and in Rust
#   make bench-peers  all of it side by side with what people would use instead: target/peers.md and .json; takes half an
#                     hour, the first time more (make bench-peers PEERS='--quick --only calls,frames')
#   make bench-store  what a store of 10,000 data sources costs, beside what the disk alone does
#   make soak      minutes of reloading under full load, of a thousand data sources, of guests that misbehave, of an answer
#                  of ten million rows: figures beside their aims; fails where a promise is broken (make soak
#                  SOAK='--swaps 100 reload', make soak SOAK=large-answer)
#   make docs      the book, in docs/book

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build
.DELETE_ON_ERROR:
# Nothing that was installed on the way is deleted as a mere step.
.SECONDARY:

CARGO ?= cargo
LISTEN ?= 127.0.0.1:3000
SOAK ?=
PEERS ?=
HOT_PATHS ?=
FUZZ_SECONDS ?= 60

# Plugins that are installed, then the other packages that build to a .wasm (examples, the guests of tests) and their
# files.
PLUGINS := testdata prometheus postgres mysql clickhouse websocket
OTHER_GUESTS := json-api-plugin paged-api-plugin wellhead-hostile-guest wellhead-net-guest wellhead-nonconforming-guest wellhead-soak-guest
OTHER_FILES := json_api_plugin paged_api_plugin hostile net nonconforming soak
WASM := --profile plugin --target wasm32-wasip2 $(PLUGINS:%=-p wellhead-plugin-%) $(OTHER_GUESTS:%=-p %)

# What make bench-peers alone builds: the plugin that is asked there, and programs that only a feature turns on.
PEER_WASM := --profile plugin --target wasm32-wasip2 -p wellhead-peer-guest
PEER_BINS := --features wellhead-bench-peers/peers,wellhead-peer-bare/peers,wellhead-peers/peers
PEER_NAMES := bench-peers peer-bare peer-native peer-wellhead
# Other people's wasmtimes and arrows: a workspace of their own. One of those wasmtimes says that it wants a newer Rust than
# it is built with here.
FOREIGN := --locked --ignore-rust-version --manifest-path tests/peers/foreign/Cargo.toml --target-dir target/peers
FOREIGN_GUESTS := peer-arrow-udf-guest peer-extism-guest

# Pinned, so that lints and book change only when somebody changes these lines.
CARGO_DENY := cargo-deny@0.20.2
CARGO_FUZZ := cargo-fuzz@0.13.2
MDBOOK := mdbook@0.5.4
tools := target/tools

# What makes the book's page on the contract. Unoptimised: it runs for a moment.
contract_reference = $(CARGO) run --quiet --locked --manifest-path docs/contract-reference/Cargo.toml --target-dir target/contract-reference

# Other people's clients in Python, a folder and an environment each.
CLIENTS := $(wildcard tests/clients/*/requirements.txt)
# And in JavaScript, with the servers that are.
PACKAGES := $(wildcard tests/*/package.json tests/servers/*/package.json)

# Plugins in Python and JavaScript: two examples, and two that are made for tests.
LANGUAGES := python_json_api js_json_api python_cases js_cases
PYTHON_SDK := $(shell find guest-sdk/python guest-sdk/wit wit -name '*.py' -o -name '*.wit')
JS_SDK := $(shell find guest-sdk/js/bin guest-sdk/js/src guest-sdk/wit wit -name '*.*js' -o -name '*.wit')
JS_PACKAGES := guest-sdk/js examples/js-plugin tests/languages/js

.PHONY: build host plugins guests demo test test-all fuzz lint bench bench-live bench-peers bench-sql bench-store bench-languages soak docs toolchain test-servers instructions instructions-baseline hot-paths

build: host plugins

host: | toolchain
	$(CARGO) build --release --workspace --bin wellhead

plugins: | toolchain
	$(CARGO) build $(WASM)
	tests/make/install-guests target/plugins $(PLUGINS)
	tests/make/install-guests target/guests $(OTHER_FILES)
	wc -c target/plugins/*.wasm

guests: $(LANGUAGES:%=target/guests/%.wasm)
	wc -c target/guests/*json_api*.wasm

demo: build
	@exec tests/make/demo $(LISTEN)

test: plugins guests test-servers $(PACKAGES:%/package.json=%/node_modules/.package-lock.json) $(CLIENTS:tests/clients/%/requirements.txt=target/python/%/.installed) | target/python/chdb/.installed
	tests/make/need valgrind=valgrind
	tests/make/run-tests

test-all: test
	$(MAKE) soak

fuzz: $(tools)/bin/cargo-fuzz | toolchain
	tests/make/need c++=g++
	tests/make/fuzz $(FUZZ_SECONDS)

lint: $(tools)/bin/cargo-deny | toolchain
	$(CARGO) fmt --all --check
	$(CARGO) clippy --release --workspace --all-targets $(PEER_BINS) -- -D warnings
	$(CARGO) clippy $(WASM) -- -D warnings
	$(CARGO) clippy $(PEER_WASM) -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --release --workspace --no-deps --quiet
	$(tools)/bin/cargo-deny --log-level error check bans licenses sources
	diff <($(contract_reference)) docs/src/contract-reference.md || { echo "docs/src/contract-reference.md is old: run make docs"; exit 1; }

instructions: hot-paths
	target/release/wellhead-instructions $(HOT_PATHS)

instructions-baseline: hot-paths
	target/release/wellhead-instructions --write

# As `make test` builds them: cargo gives what tests stand on other features, and other features are other instructions.
hot-paths: | toolchain
	tests/make/need valgrind=valgrind
	$(CARGO) test --release --workspace --test gate --no-run

bench: plugins guests test-servers | target/python/chdb/.installed
	tests/make/need curl=curl
	$(CARGO) bench --profile release --workspace --bench '*'
	$(CARGO) run --release $(FOREIGN) --bin frame-json

bench-store: | toolchain
	$(CARGO) bench --profile release -p wellhead-store --bench store

bench-live: plugins
	$(CARGO) bench --profile release -p wellhead-e2e --bench live

bench-sql: plugins test-servers | target/python/chdb/.installed
	tests/make/need curl=curl
	$(CARGO) bench --profile release -p wellhead-e2e --bench sql

bench-peers: plugins test-servers
	tests/make/wasm-target wasm32-wasip1
	$(CARGO) build $(PEER_WASM)
	$(CARGO) build --release --workspace $(PEER_BINS) --bin wellhead $(PEER_NAMES:%=--bin %) --bench sql
	$(CARGO) build --profile plugin --target wasm32-wasip1 $(FOREIGN) $(FOREIGN_GUESTS:%=-p %)
	$(CARGO) build --release $(FOREIGN)
	$(CARGO) bench --profile release --workspace $(PEER_BINS) --bench sql -- postgres
	target/release/bench-peers $(PEERS)

bench-languages: plugins guests
	$(CARGO) bench --profile release -p wellhead-e2e --bench languages

soak: plugins test-servers
	$(CARGO) build --release --workspace --bin wellhead-soak --bin wellhead
	target/release/wellhead-soak $(SOAK)
	$(CARGO) test --release -p wellhead-runtime --test runtime hostile -- --nocapture --test-threads 1

docs: $(tools)/bin/mdbook
	$(contract_reference) > target/contract-reference.md
	mv target/contract-reference.md docs/src/contract-reference.md
	$(tools)/bin/mdbook build docs

toolchain:
	tests/make/need cc=gcc,libc6-dev
	tests/make/wasm-target

test-servers:
	tests/make/need prometheus=prometheus promtool=prometheus /usr/lib/postgresql=postgresql \
	  /usr/sbin/mariadbd=mariadb-server /usr/sbin/clickhouse-server=clickhouse-server node=nodejs npm=npm \
	  python3=python3 python3:ensurepip=python3-venv

# What the lock file says, and nothing is written to it. Not `npm ci`: that refuses a lock file without the packages for
# other platforms, of which componentize-qjs names some that were never published.
%/node_modules/.package-lock.json: %/package.json %/package-lock.json | test-servers
	cd $* && npm install --no-save --no-progress --loglevel=error
	touch $@

target/python/languages/.installed: tests/languages/python/requirements.txt | test-servers
	python3 -m venv --clear $(@D)
	$(@D)/bin/pip --disable-pip-version-check --quiet install --requirement $<
	touch $@

target/guests/python_json_api.wasm: examples/python-plugin/json_api.py examples/python-plugin/plugin.json
target/guests/python_cases.wasm: tests/languages/python/cases.py tests/languages/python/plugin.json
target/guests/js_json_api.wasm: examples/js-plugin/json-api.js examples/js-plugin/plugin.json
target/guests/js_cases.wasm: tests/languages/js/cases.js tests/languages/js/plugin.json

target/guests/python_%.wasm: $(PYTHON_SDK) target/python/languages/.installed
	PYTHONPATH=guest-sdk/python target/python/languages/bin/python -B -m wellhead_sdk build $(filter examples/% tests/%.py,$(filter %.py,$^)) -o $@

target/guests/js_%.wasm: $(JS_SDK) $(JS_PACKAGES:%=%/node_modules/.package-lock.json)
	node guest-sdk/js/bin/wellhead-sdk.mjs build $(filter examples/%.js tests/%.js,$^) -o $@

# Made anew where the list changes, so that nothing of the old one stays. Which index packages come from is pip's own
# setting.
target/python/%/.installed: tests/clients/%/requirements.txt | test-servers
	python3 -m venv --clear $(@D)
	$(@D)/bin/pip --disable-pip-version-check --quiet install --requirement $<
	touch $@

# A current ClickHouse for tests. There is not one for every machine: where it cannot be had, its tests say that they are
# passed over, and the next run tries again.
target/python/chdb/.installed: tests/servers/chdb/requirements.txt | test-servers
	python3 -m venv --clear $(@D)
	if $(@D)/bin/pip --disable-pip-version-check --quiet install --requirement $<; then touch $@; \
	else rm -r $(@D); echo "chdb cannot be installed: tests before a current ClickHouse are passed over"; fi

# Unoptimised: they run for seconds, and an optimised build of them takes minutes.
$(tools)/bin/cargo-deny: | toolchain
	$(CARGO) install $(CARGO_DENY) --locked --debug --quiet --root $(tools)

$(tools)/bin/cargo-fuzz: | toolchain
	$(CARGO) install $(CARGO_FUZZ) --locked --debug --quiet --root $(tools)

$(tools)/bin/mdbook: | toolchain
	$(CARGO) install $(MDBOOK) --locked --debug --quiet --root $(tools)
