# SPDX-License-Identifier: BSD-2-Clause
# Divides by zero.
print(1 // 0)
