#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The Spin model of the claim protocol.  tests/model/run writes TAP itself and takes a minute.
# FORKPOOL_SKIP=model leaves it out, for a suite that runs a second time in another build.
set -eu

model=${srcdir:-.}/tests/model/run
if [ "${FORKPOOL_SKIP:-}" = model ]; then
	echo '1..0 # SKIP left out by FORKPOOL_SKIP=model'
	exit 0
fi
exec "$model" </dev/null
