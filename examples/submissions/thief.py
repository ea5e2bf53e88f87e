# SPDX-License-Identifier: BSD-2-Clause
# Hostile: looks for the answers, and for the submissions of others; prints what it finds.
import glob
import os

contest = os.environ["CONTEST"]
found = []
for path in [contest + "/tasks/sum/1.out", contest + "/submissions/sum.py", "/etc/passwd"] + glob.glob("../*/*"):
    try:
        found.append(open(path, errors="replace").read())
    except OSError:
        pass
print("".join(found) or "nothing")
