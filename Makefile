# `make demo` and `make test` need nothing but Python 3.11 or newer and a network to install from.

PYTHON ?= python3
PIP_INSTALL = -m pip install --quiet --disable-pip-version-check -c constraints.txt
# The runtime for a GPU where there is an NVIDIA driver, else the one for the CPU.
RUNTIME ?= $(if $(wildcard /proc/driver/nvidia/version),gpu,cpu)

.PHONY: demo test check clean

demo: .venv/installed
	.venv/bin/sed-stream demo/recording.ogg

test: .venv-dev/installed
	.venv-dev/bin/python -m pytest

check: .venv-dev/installed
	.venv-dev/bin/ruff check .
	.venv-dev/bin/ruff format --check .
	.venv-dev/bin/mypy

# Only the runtime: no torch.
.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	.venv/bin/python $(PIP_INSTALL) -e '.[$(RUNTIME)]'
	touch $@

# Everything; the tests compare with the CPU.
.venv-dev/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv-dev
	.venv-dev/bin/python $(PIP_INSTALL) -e '.[cpu,train,export,dev]'
	touch $@

clean:
	rm -rf .venv .venv-dev
