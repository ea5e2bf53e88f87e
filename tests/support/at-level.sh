#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# at-level.sh DIRECTORY/NAME-LEVEL.level: run the test DIRECTORY/NAME at that level of isolation.
set -eu

base=${1%.level}
FORKPOOL_TEST_ISOLATION=${base##*-}
export FORKPOOL_TEST_ISOLATION
exec "${base%-*}"
