# SPDX-License-Identifier: BSD-2-Clause
EXTRA_DIST += \
	tests/model/README.md \
	tests/model/caller.pml \
	tests/model/claim.pml \
	tests/model/run \
	tests/model/state.pml \
	tests/model/supervisor.pml \
	tests/model/worker.pml
