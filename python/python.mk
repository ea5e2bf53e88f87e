# SPDX-License-Identifier: BSD-2-Clause
# The module for Python: installed with pip from the tree, not by make install.
EXTRA_DIST += \
	python/README.md \
	python/pyproject.toml \
	python/src/forkpool/__init__.py \
	python/src/forkpool/_abi.py \
	python/src/forkpool/_executor.py \
	python/src/forkpool/_native.py \
	python/src/forkpool/_options.py \
	python/src/forkpool/_pool.py \
	python/src/forkpool/_result.py \
	python/src/forkpool/_version.py \
	python/src/forkpool/py.typed \
	python/tests/jobs.c \
	python/tests/support.py \
	python/tests/test_executor.py \
	python/tests/test_pool.py \
	python/tests/test_process.py
