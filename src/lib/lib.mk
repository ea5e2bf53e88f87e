# SPDX-License-Identifier: BSD-2-Clause
# The library.  Its files stand folder by folder, from the lowest folder to the highest: a file may use what is in its
# own folder and below (tests/checks/folders.sh).
core_sources = \
	src/lib/os/usdt.h \
	src/lib/os/core_file.c src/lib/os/core_file.h \
	src/lib/os/clock.c src/lib/os/clock.h \
	src/lib/os/syscall_gate.c src/lib/os/syscall_gate.h \
	src/lib/os/os.c src/lib/os/os.h \
	src/lib/os/os_event.c \
	src/lib/os/os_memory.c \
	src/lib/os/os_process.c \
	src/lib/os/os_others.c \
	src/lib/os/os_registers.c \
	src/lib/os/processors.c src/lib/os/processors.h \
	src/lib/os/signal_context.c src/lib/os/signal_context.h src/lib/os/last_frame.h \
	src/lib/os/fork_canary.c src/lib/os/fork_canary.h \
	src/lib/os/heirloom.c src/lib/os/heirloom.h \
	src/lib/os/kept_heap.c src/lib/os/kept_heap.h \
	src/lib/os/fd.c src/lib/os/fd.h \
	src/lib/os/inherited_fds.c src/lib/os/inherited_fds.h \
	src/lib/ipc/job_paths.c src/lib/ipc/job_paths.h \
	src/lib/ipc/wire.c src/lib/ipc/wire.h \
	src/lib/ipc/wire_job.h \
	src/lib/ipc/wire_result.h \
	src/lib/ipc/packet_pipe.c src/lib/ipc/packet_pipe.h \
	src/lib/ipc/claim.h \
	src/lib/ipc/shared.c src/lib/ipc/shared.h \
	src/lib/ipc/value_spool.c src/lib/ipc/value_spool.h \
	src/lib/ipc/control.c src/lib/ipc/control.h \
	src/lib/ipc/args_arena.c src/lib/ipc/args_arena.h \
	src/lib/sandbox/refusal.c src/lib/sandbox/refusal.h \
	src/lib/sandbox/kernel_file.c src/lib/sandbox/kernel_file.h \
	src/lib/sandbox/syscall_policy_choices.c \
	src/lib/sandbox/syscall_policy.c src/lib/sandbox/syscall_policy.h \
	src/lib/sandbox/seccomp_filter.c src/lib/sandbox/seccomp_filter.h \
	src/lib/sandbox/limits.c src/lib/sandbox/limits.h \
	src/lib/sandbox/landlock.c src/lib/sandbox/landlock.h \
	src/lib/sandbox/identity.c src/lib/sandbox/identity.h \
	src/lib/sandbox/loopback.c src/lib/sandbox/loopback.h \
	src/lib/sandbox/mount_call.c src/lib/sandbox/mount_call.h \
	src/lib/sandbox/scratch.c src/lib/sandbox/scratch.h \
	src/lib/sandbox/private_root_plan.c \
	src/lib/sandbox/private_root.c src/lib/sandbox/private_root.h \
	src/lib/sandbox/namespace_init.c src/lib/sandbox/namespace_init.h \
	src/lib/sandbox/pid_namespace.c src/lib/sandbox/pid_namespace.h \
	src/lib/sandbox/cgroup.c src/lib/sandbox/cgroup.h \
	src/lib/sandbox/promises.c src/lib/sandbox/promises.h \
	src/lib/sandbox/acts.c src/lib/sandbox/acts.h \
	src/lib/sandbox/sandbox.c src/lib/sandbox/sandbox.h \
	src/lib/job/outcome.c src/lib/job/outcome.h \
	src/lib/job/mailbox.c src/lib/job/mailbox.h \
	src/lib/job/context.c src/lib/job/context.h \
	src/lib/job/job_call.c src/lib/job/job_call.h \
	src/lib/job/crash.c src/lib/job/crash.h \
	src/lib/job/stdio_capture.c src/lib/job/stdio_capture.h \
	src/lib/job/setup.h \
	src/lib/job/job_child.c src/lib/job/job_child.h \
	src/lib/worker/descendants.c src/lib/worker/descendants.h \
	src/lib/worker/memory_watch.c src/lib/worker/memory_watch.h \
	src/lib/worker/job_verdict.c src/lib/worker/job_verdict.h \
	src/lib/worker/job_output.c src/lib/worker/job_output.h \
	src/lib/worker/job_process.c src/lib/worker/job_process.h \
	src/lib/worker/worker_run.c src/lib/worker/worker_run.h \
	src/lib/worker/worker.c src/lib/worker/worker.h \
	src/lib/supervisor/sandbox_selftest.c src/lib/supervisor/sandbox_selftest.h \
	src/lib/supervisor/standstill.c src/lib/supervisor/standstill.h \
	src/lib/supervisor/worker_slot.c src/lib/supervisor/worker_slot.h \
	src/lib/supervisor/supervisor_state.h \
	src/lib/supervisor/orphans.c src/lib/supervisor/orphans.h \
	src/lib/supervisor/suspension.c src/lib/supervisor/suspension.h \
	src/lib/supervisor/supervisor_loop.c src/lib/supervisor/supervisor_loop.h \
	src/lib/supervisor/supervisor.c src/lib/supervisor/supervisor.h \
	src/lib/symbols/object_map.c src/lib/symbols/object_map.h \
	src/lib/symbols/debug_file.c src/lib/symbols/debug_file.h \
	src/lib/symbols/object_image.c src/lib/symbols/object_image.h \
	src/lib/symbols/libdw.c src/lib/symbols/libdw.h \
	src/lib/symbols/unit_map.c src/lib/symbols/unit_map.h \
	src/lib/symbols/source_lines.c src/lib/symbols/source_lines.h \
	src/lib/symbols/demangle.c src/lib/symbols/demangle.h \
	src/lib/symbols/symbols.c src/lib/symbols/symbols.h \
	src/lib/symbols/backtrace.c src/lib/symbols/backtrace.h \
	src/lib/dispatch/job_table.c src/lib/dispatch/job_table.h \
	src/lib/dispatch/results_pipe.c src/lib/dispatch/results_pipe.h \
	src/lib/dispatch/supervisor_link.c src/lib/dispatch/supervisor_link.h \
	src/lib/dispatch/tick.h \
	src/lib/dispatch/dispatch_state.h \
	src/lib/dispatch/timeout_watch.c src/lib/dispatch/timeout_watch.h \
	src/lib/dispatch/offers.c src/lib/dispatch/offers.h \
	src/lib/dispatch/job_end.c src/lib/dispatch/job_end.h \
	src/lib/dispatch/result_value.c src/lib/dispatch/result_value.h \
	src/lib/dispatch/damage_watch.c src/lib/dispatch/damage_watch.h \
	src/lib/dispatch/results.c src/lib/dispatch/results.h \
	src/lib/dispatch/deaths.c src/lib/dispatch/deaths.h \
	src/lib/dispatch/loop_fd.c src/lib/dispatch/loop_fd.h \
	src/lib/dispatch/dispatcher.c src/lib/dispatch/dispatcher.h \
	src/lib/pool/pool.c src/lib/pool/pool.h \
	src/lib/pool/pool_options.c src/lib/pool/pool_options.h \
	src/lib/pool/pool_open.c \
	src/lib/pool/pool_stats.c \
	src/lib/pool/sized.c src/lib/pool/sized.h \
	src/lib/pool/pool_run.c

include_HEADERS = include/forkpool.h include/forkpool_job.h include/forkpool_options.h include/forkpool_result.h \
	include/forkpool_sandbox.h include/forkpool_plugin.h

# The unit tests link the convenience library and see all functions; programs see only what libforkpool.la exports.
noinst_LTLIBRARIES = libforkpool-core.la
libforkpool_core_la_SOURCES = $(core_sources)
libforkpool_core_la_LIBTOOLFLAGS = $(convenience)
libforkpool_core_la_CPPFLAGS = $(src_includes) $(LIBBSD_CFLAGS) $(LIBSECCOMP_CFLAGS) $(LIBUNWIND_CFLAGS) $(LIBDW_CFLAGS)
libforkpool_core_la_LIBADD = $(LIBBSD_LIBS) $(LIBSECCOMP_LIBS) $(LIBUNWIND_LIBS)

lib_LTLIBRARIES = libforkpool.la
libforkpool_la_SOURCES =
libforkpool_la_LIBADD = libforkpool-core.la
libforkpool_la_LDFLAGS = $(AM_LDFLAGS) $(FORKPOOL_LDFLAGS) -version-info 2:0:1
EXTRA_libforkpool_la_DEPENDENCIES = $(srcdir)/src/lib/forkpool.map
if HAVE_VERSION_SCRIPT
libforkpool_la_LDFLAGS += -Wl,--version-script=$(srcdir)/src/lib/forkpool.map
endif

# "make install" writes the pkg-config file, so that it also has the right directories with prefix=DIR.
pkgconfigdir = $(libdir)/pkgconfig

install-data-local:
	$(MKDIR_P) "$(DESTDIR)$(pkgconfigdir)"
	$(SED) -e 's|@includedir[@]|$(includedir)|' -e 's|@libdir[@]|$(libdir)|' \
		-e 's|=$(prefix)/|=$${prefix}/|' -e 's|@prefix[@]|$(prefix)|' \
		-e 's|@PACKAGE_VERSION[@]|$(PACKAGE_VERSION)|' \
		-e 's|@private_libs[@]|$(LIBBSD_STATIC_LIBS) $(LIBSECCOMP_LIBS) $(LIBUNWIND_LIBS) $(LIBS)|' \
		$(srcdir)/forkpool.pc.in >"$(DESTDIR)$(pkgconfigdir)/forkpool.pc"
	chmod 644 "$(DESTDIR)$(pkgconfigdir)/forkpool.pc"

uninstall-local:
	rm -f "$(DESTDIR)$(pkgconfigdir)/forkpool.pc"

EXTRA_DIST += forkpool.pc.in src/lib/forkpool.map
