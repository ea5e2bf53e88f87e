# SPDX-License-Identifier: BSD-2-Clause
# Wrong: prints nothing.
pass
