#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Stands in for the unit tests where libcheck is missing, and names them.
set -eu
# The list is one word for each test.
# shellcheck disable=SC2086
set -- ${LEFT_OUT:-}
if [ $# -eq 0 ]; then
	echo "1..0 # SKIP there are no unit tests"
	exit 0
fi
echo "1..$#"
number=0
for unit; do
	number=$((number + 1))
	echo "ok $number - $unit # SKIP left out: check >= 0.15 was not there when configure ran"
done
