# SPDX-License-Identifier: BSD-2-Clause
# Wrong: sorts the words, and not the numbers.
import sys

print(*sorted(sys.stdin.read().split()))
