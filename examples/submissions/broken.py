# SPDX-License-Identifier: BSD-2-Clause
# Is no Python.
print("never closed"
