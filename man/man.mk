# SPDX-License-Identifier: BSD-2-Clause
# The manual pages.
dist_man_MANS = man/forkpool.3 man/forkpool.7 man/forkpool_sandbox.7
if BUILD_TOOL
dist_man_MANS += man/forkpool.1
endif
