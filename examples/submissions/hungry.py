# SPDX-License-Identifier: BSD-2-Clause
# Takes all memory that it can get.
blocks = []
while True:
    blocks.append(b"x" * (1 << 20))
