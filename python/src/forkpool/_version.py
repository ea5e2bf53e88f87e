# SPDX-License-Identifier: BSD-2-Clause
"""The version of the module: that of the library in the same tree."""

__version__ = "0.2.0"
