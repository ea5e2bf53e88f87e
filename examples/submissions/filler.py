# SPDX-License-Identifier: BSD-2-Clause
# Hostile: fills the disk, where it can: it may have a little in /tmp.
import os
import sys

written = 0
for directory in [".", os.environ["TMPDIR"], os.environ["CONTEST"], "/tmp", "/var/tmp", "/dev/shm"]:
    for number in range(1000):
        try:
            with open("%s/filler-%d" % (directory, number), "wb") as file:
                written += file.write(bytes(500000))
        except OSError:
            break
sys.exit(0 if written > 64_000_000 else 3)
