# SPDX-License-Identifier: BSD-2-Clause
# Waits for ever, and takes no time of the processor.
import time

time.sleep(1000)
