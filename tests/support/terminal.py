# SPDX-License-Identifier: BSD-2-Clause
"""Runs a command on a terminal of its own: terminal.py PROMPT ANSWER,ANSWER... COMMAND...

Each time that PROMPT has come it types the next ANSWER and a newline; \\n and \\4 (end of file) may
stand in one.  Prints what was on the terminal, and the command's status.  Where nothing comes for a
minute the terminal hangs up.
"""
import os
import pty
import select
import sys

prompt = sys.argv[1].encode()
answers = [answer.encode().decode("unicode_escape") for answer in sys.argv[2].split(",")]
given = 0
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[3], sys.argv[3:])
seen = b""
while True:
    if not select.select([terminal], [], [], 60)[0]:
        break
    try:
        data = os.read(terminal, 4096)
    except OSError:
        data = b""
    if not data:
        break
    seen += data
    while given < len(answers) and seen.count(prompt) > given:
        os.write(terminal, answers[given].encode() + b"\n")
        given += 1
os.close(terminal)
status = os.waitpid(pid, 0)[1]
sys.stdout.write(seen.decode().replace("\r\n", "\n"))
print("status", os.waitstatus_to_exitcode(status))
