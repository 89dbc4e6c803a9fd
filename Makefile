# `make demo` and `make test` need nothing but Python 3.11 or newer and a network to install from.

PYTHON ?= python3
PIP_INSTALL = -m pip install --quiet --disable-pip-version-check -c constraints.txt
# The runtime for a GPU where there is an NVIDIA driver, else the one for the CPU.
RUNTIME ?= $(if $(wildcard /proc/driver/nvidia/version),gpu,cpu)

.PHONY: demo test test-slow check benchmark pictures clean

demo: .venv/installed
	.venv/bin/sed-stream demo/recording.ogg
	.venv/bin/sed-stream demo/recording.ogg --model general

# Tests run side by side, a thread each: first those that compute, then those that wait for real time and want the cores for
# the servers that they talk to; those that compare speeds have the machine to themselves.
TESTS = OMP_NUM_THREADS=1 .venv-dev/bin/python -m pytest --dist worksteal

test: .venv-dev/installed tests/node/node_modules
	$(TESTS) -n 4 -m 'not slow and not realtime'
	$(TESTS) -n 8 -m 'not slow and realtime' tests

check: .venv-dev/installed
	.venv-dev/bin/ruff check .
	.venv-dev/bin/ruff format --check .
	.venv-dev/bin/mypy
	.venv-dev/bin/lint-imports --no-cache

test-slow: .venv-dev/installed
	$(TESTS) -n 4 -m 'slow and not realtime and not alone' tests
	$(TESTS) -n 9 -m 'slow and realtime and not alone' tests
	.venv-dev/bin/python -m pytest -m 'slow and alone' tests

# The pictures of the README, of the live page and of the review.
pictures: .venv-dev/installed
	.venv-dev/bin/python demo/draw_recording.py
	.venv-dev/bin/python demo/draw_page.py
	.venv-dev/bin/python demo/draw_review.py

# What docs/benchmarks.md says of the shipped model, in half an hour; pictures into build/pictures.
benchmark: .venv-dev/installed
	for part in speed operators process sources day; do .venv-dev/bin/python -m benchmarks $$part || exit 1; done
	.venv-dev/bin/sed-bench --hop 0.1,0.25,1 --streams 1,4,16 --plot build/pictures
	for hop in 1 0.25; do .venv-dev/bin/sed-bench streams --hop $$hop || exit 1; done
	.venv-dev/bin/sed-bench latency demo/recording.ogg
	.venv-dev/bin/sed-bench frontend

# Only the runtime: no torch.
.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	.venv/bin/python $(PIP_INSTALL) -e '.[$(RUNTIME)]'
	touch $@

# Everything; the tests compare with the CPU.
.venv-dev/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv-dev
	.venv-dev/bin/python $(PIP_INSTALL) -e '.[cpu,train,export,dev,benchmark]'
	touch $@

# The runtime's other bindings, where there is Node to try one; without it that test says so and is skipped.
tests/node/node_modules: tests/node/package-lock.json
	if command -v npm; then cd tests/node && npm ci --ignore-scripts --no-audit --no-fund && touch node_modules; fi

clean:
	rm -rf .venv .venv-dev tests/node/node_modules
