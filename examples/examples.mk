# SPDX-License-Identifier: BSD-2-Clause
EXTRA_DIST += \
	examples/Makefile \
	examples/01-double.c examples/01-double.expected \
	examples/02-generator.c examples/02-generator.expected \
	examples/03-timeouts.c examples/03-timeouts.expected \
	examples/04-event-loop.c examples/04-event-loop.expected \
	examples/05-status.c examples/05-status.expected \
	examples/checksum-tree.c \
	examples/judge.c \
	examples/plugin.c \
	examples/python/Makefile \
	examples/python/decoder.c \
	examples/python/forkpool.py \
	examples/python/pictures.py examples/python/pictures.expected \
	examples/submissions.c examples/submissions.h
