# SPDX-License-Identifier: BSD-2-Clause
EXTRA_DIST += \
	examples/Makefile \
	examples/01-double.c examples/01-double.expected \
	examples/02-generator.c examples/02-generator.expected \
	examples/03-timeouts.c examples/03-timeouts.expected \
	examples/04-event-loop.c examples/04-event-loop.expected \
	examples/05-status.c examples/05-status.expected \
	examples/06-server.c examples/http.c examples/http.h \
	examples/07-pictures.c examples/07-pictures.expected \
	examples/08-plugins.cc examples/08-plugins.expected \
	examples/09-threads.c examples/09-threads.expected \
	examples/10-coverage.c examples/10-coverage.expected \
	examples/checksum-tree.c \
	examples/contest.c examples/contest.h \
	examples/contest_sandbox.c examples/contest_verdict.c \
	examples/judge.c \
	examples/make-pictures.c \
	examples/plugin.c \
	examples/plugins.cc examples/plugins.h \
	examples/python/Makefile \
	examples/python/decoder.c \
	examples/python/pictures.py examples/python/pictures.expected \
	examples/submissions.c examples/submissions.h \
	examples/submissions/array.c \
	examples/submissions/asleep.py \
	examples/submissions/bomb.c \
	examples/submissions/broken.c \
	examples/submissions/broken.py \
	examples/submissions/caller.c \
	examples/submissions/deep.c \
	examples/submissions/endless.c \
	examples/submissions/filler.py \
	examples/submissions/hungry.cc \
	examples/submissions/hungry.py \
	examples/submissions/incbin.c \
	examples/submissions/include-dev.c \
	examples/submissions/include-self.c \
	examples/submissions/include.c \
	examples/submissions/killer.c \
	examples/submissions/list \
	examples/submissions/narrow.c \
	examples/submissions/noisy.c \
	examples/submissions/null.c \
	examples/submissions/overwrite.c \
	examples/submissions/raises.py \
	examples/submissions/silent.py \
	examples/submissions/sort.cc \
	examples/submissions/sort.py \
	examples/submissions/stayer.c \
	examples/submissions/strings.py \
	examples/submissions/sum.c \
	examples/submissions/sum.py \
	examples/submissions/templates.cc \
	examples/submissions/thief.py \
	examples/submissions/threads.cc \
	examples/submissions/tracer.c \
	examples/tasks/sort/1.in examples/tasks/sort/1.out \
	examples/tasks/sort/2.in examples/tasks/sort/2.out \
	examples/tasks/sort/3.in examples/tasks/sort/3.out \
	examples/tasks/sum/1.in examples/tasks/sum/1.out \
	examples/tasks/sum/2.in examples/tasks/sum/2.out \
	examples/tasks/sum/3.in examples/tasks/sum/3.out
