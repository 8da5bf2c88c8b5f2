# make demo: the runtime alone, then the phantom of the case report.
# make test: everything, then all checks.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
DEMO_OUT ?= calciscope-demo
PIP = -m pip --disable-pip-version-check --quiet

.PHONY: demo test format clean

demo: .venv-demo/.ready
	.venv-demo/bin/calciscope demo -o "$(DEMO_OUT)" --force

test: .venv/.ready
	PATH="$(CURDIR)/.venv/bin:$$PATH" scripts/check

format: .venv/.ready
	.venv/bin/ruff check --fix . && .venv/bin/ruff format .

.venv-demo/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv-demo
	.venv-demo/bin/python $(PIP) install -c constraints.txt hatchling editables
	.venv-demo/bin/python $(PIP) install -c constraints.txt --no-build-isolation -e .
	touch $@

# torch goes in first and by exact version: later installs then find it satisfied.
.venv/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	.venv/bin/python $(PIP) install -c constraints.txt torch==2.13.0
	.venv/bin/python $(PIP) install -c constraints.txt hatchling editables
	.venv/bin/python $(PIP) install -c constraints.txt --no-build-isolation -e '.[train,service,cluster,dev]'
	touch $@

clean:
	rm -rf .venv .venv-demo .mypy_cache .ruff_cache .pytest_cache
