# Thin names; CONTRIBUTING.md says what each is for.
CLAIM ?= Tariffs cause inflation
jobs ?= $(shell nproc)

.PHONY: run serve build test packages packages-test bench bench-docs docs stats lint campaign db db-stop clean

build:
	JOBS=$(jobs) tools/build.sh whole

run:
	JOBS=$(jobs) tools/build.sh run
	build/release/bin/heretix run "$(CLAIM)"

# The service on SQLite; it prints a link that signs you in.
serve: build
	build/release/bin/heretix serve

test:
	tools/test.sh

# Debian packages, wheels and an image, in build/packages (docs/packages.md); root, because the image's root is another system's.
packages: build
	tools/setup.sh packages
	tools/packages.sh

# Installs them in bare Debian 12 roots and measures a claim there.
packages-test: packages
	tools/packages_test.sh

bench:
	tools/setup.sh bench
	cmake --preset release -DHERETIX_BENCH=ON >/dev/null
	cmake --build --preset release --target heretix heretix-export bench_estimate bench_answers bench_llama bench_queue -j $(jobs)
	bench/run.sh

# Writes the table of docs/benchmarks.md anew: Heretix beside LiteLLM, Inspect and promptfoo. The first call fetches 700 MB.
bench-docs: build
	tools/setup.sh peers
	python3 bench/peers.py build/release/bin/heretix --write docs/benchmarks.md

# The documentation as a site, in build/site; a link that leads nowhere ends it.
docs:
	tools/setup.sh docs
	tools/docs.sh

# Writes docs/statistics.md anew.
stats: build
	python3 tools/statistics_docs.py build/release/bin/heretix docs/statistics.md

lint:
	tools/setup.sh lint
	tools/lint.sh all

# The database of tools/docker-compose.yml without Docker: port 5433, data in runs/postgres.
db:
	tools/setup.sh db
	tools/postgres.sh start

db-stop:
	tools/postgres.sh stop

# Hours: docs/reliability.md.
campaign:
	tools/setup.sh test
	cmake --preset release -DHERETIX_TESTS=ON >/dev/null
	cmake --build --preset release
	cmake --preset fuzz -DHERETIX_TESTS=ON -DCMAKE_UNITY_BUILD=ON >/dev/null
	cmake --build --preset fuzz
	tools/campaign.sh

clean:
	rm -rf build
