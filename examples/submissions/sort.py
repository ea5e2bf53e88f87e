# SPDX-License-Identifier: BSD-2-Clause
# Right: sorts.
import sys

print(*sorted(map(int, sys.stdin.read().split())))
