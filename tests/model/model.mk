# SPDX-License-Identifier: BSD-2-Clause
EXTRA_DIST += \
	tests/model/README.md \
	tests/model/claim.pml \
	tests/model/run
