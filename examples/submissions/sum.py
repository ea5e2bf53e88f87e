# SPDX-License-Identifier: BSD-2-Clause
# Right: adds the numbers.
import sys

print(sum(map(int, sys.stdin.read().split())))
