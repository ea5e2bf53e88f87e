# SPDX-License-Identifier: BSD-2-Clause
# The tests that other programs have, with forkpool in the place of these.  apt fetches their sources.
check-peers: all
	bash $(srcdir)/tests/peers/xargs.sh $@.d
.PHONY: check-peers

EXTRA_DIST += \
	tests/peers/dejagnu.py \
	tests/peers/xargs.differs \
	tests/peers/xargs.sh
