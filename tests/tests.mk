# SPDX-License-Identifier: BSD-2-Clause
# The tests.  tests/FOLDER/test_NAME.c is a program of check_units, tests/FOLDER/NAME.sh one of shell_tests.

# These run at each level of isolation (tests/support/at-level.sh): they test what the pool promises at every level.
pool_units = \
	tests/pool/test_damage_watch \
	tests/pool/test_deaths \
	tests/pool/test_deaths_jobs \
	tests/pool/test_traps \
	tests/pool/test_soak \
	tests/pool/test_loop \
	tests/pool/test_loop_fd \
	tests/pool/test_loop_fd_events \
	tests/pool/test_output \
	tests/pool/test_workers \
	tests/pool/test_options \
	tests/pool/test_sized \
	tests/pool/test_init_timeout \
	tests/pool/test_core_dumps \
	tests/pool/test_cancel \
	tests/pool/test_cancel_kill \
	tests/pool/test_timing \
	tests/pool/test_suspend \
	tests/pool/test_suspend_storm \
	tests/pool/test_suspend_jobs \
	tests/pool/test_values \
	tests/pool/test_jobs \
	tests/pool/test_backtrace \
	tests/pool/test_backtrace_others \
	tests/pool/test_environment \
	tests/pool/test_random \
	tests/pool/test_job_exit \
	tests/pool/test_empty_root \
	tests/pool/test_descriptors \
	tests/pool/test_threaded_caller \
	tests/pool/test_thread_ends \
	tests/pool/test_resources \
	tests/pool/test_regressions \
	tests/pool/test_many_workers \
	tests/pool/test_job_large \
	tests/pool/test_two_pools \
	tests/pool/test_kept_from_forks \
	tests/attacks/test_attacks_scribble \
	tests/pool/test_smoke
if HAVE_VERSION_SCRIPT
pool_units += tests/pool/test_faults tests/pool/test_deaths_matrix
endif

check_units = \
	$(pool_units) \
	tests/attacks/test_attacks_reply \
	tests/attacks/test_attacks_memory \
	tests/attacks/test_attacks_processes \
	tests/attacks/test_attacks_multiply \
	tests/attacks/test_attacks_descriptors \
	tests/attacks/test_attacks_system \
	tests/attacks/test_attacks_user \
	tests/attacks/test_attacks_gate \
	tests/attacks/test_attacks_orphans \
	tests/attacks/test_attacks_calls \
	tests/attacks/test_attacks_signals \
	tests/attacks/test_attacks_leftovers \
	tests/pool/test_job_limits \
	tests/pool/test_job_limit_signs \
	tests/pool/test_job_orphans \
	tests/pool/test_job_slow_reader \
	tests/lib/job/test_mailbox \
	tests/lib/worker/test_descendants \
	tests/lib/worker/test_descendants_reap \
	tests/lib/worker/test_job_output \
	tests/pool/test_sandbox_open \
	tests/pool/test_sandbox_jobs \
	tests/pool/test_promises \
	tests/pool/test_job_paths \
	tests/lib/ipc/test_job_paths \
	tests/pool/test_cancel_namespace \
	tests/pool/test_job_results \
	tests/pool/test_job_executes \
	tests/lib/ipc/test_claim \
	tests/lib/ipc/test_shared \
	tests/lib/symbols/test_symbols \
	tests/lib/symbols/test_object_files \
	tests/lib/symbols/test_unit_map \
	tests/lib/dispatch/test_job_table \
	tests/lib/dispatch/test_loop_fd \
	tests/lib/supervisor/test_worker_slot \
	tests/lib/ipc/test_args_arena \
	tests/lib/ipc/test_value_spool \
	tests/lib/os/test_clock \
	tests/lib/os/test_fd \
	tests/lib/os/test_core_file \
	tests/lib/os/test_fork_canary \
	tests/lib/os/test_kept_heap \
	tests/lib/os/test_heirloom \
	tests/lib/job/test_outcome \
	tests/lib/ipc/test_packet_pipe \
	tests/lib/ipc/test_wire \
	tests/lib/sandbox/test_sandbox_filter \
	tests/lib/sandbox/test_sandbox_opened \
	tests/lib/sandbox/test_sandbox_policy \
	tests/lib/ipc/test_wire_mutation \
	tests/lib/sandbox/test_sandbox_landlock \
	tests/lib/sandbox/test_sandbox_landlock_peers \
	tests/lib/sandbox/test_sandbox_identity \
	tests/lib/sandbox/test_sandbox_identity_plan \
	tests/lib/sandbox/test_pid_namespace \
	tests/lib/sandbox/test_private_root \
	tests/lib/sandbox/test_scratch \
	tests/lib/sandbox/test_sandbox_cgroup
if HAVE_VERSION_SCRIPT
check_units += tests/pool/test_cancel_late tests/lib/os/test_processors
endif

# The tests of the command.
tool_units = \
	tests/tool/test_parse_units \
	tests/tool/test_processor_count \
	tests/tool/test_makeflags \
	tests/tool/test_options \
	tests/tool/test_option_values \
	tests/tool/test_usage \
	tests/tool/test_compat_page \
	tests/tool/test_anchored_file \
	tests/tool/test_output_buffer \
	tests/tool/test_outcome \
	tests/tool/test_plugin \
	tests/tool/test_joblog \
	tests/tool/test_results \
	tests/tool/test_json \
	tests/tool/test_junit \
	tests/tool/test_tap \
	tests/tool/test_trace \
	tests/tool/test_report \
	tests/tool/test_order \
	tests/tool/test_retries \
	tests/tool/test_progress \
	tests/tool/test_screen \
	tests/tool/test_journal \
	tests/tool/test_journal_damage \
	tests/tool/test_inflight \
	tests/tool/test_rounds \
	tests/tool/test_sink \
	tests/tool/test_sink_counted \
	tests/tool/test_channels
if HAVE_VERSION_SCRIPT
tool_units += tests/tool/test_journal_faults
endif
if BUILD_TOOL
check_units += $(tool_units)
endif
tool_ldadd = libtool-support.la libforkpool-tool.la $(LDADD) $(JANSSON_LIBS) $(DL_LIBS)
tests_tool_test_parse_units_LDADD = $(tool_ldadd)
tests_tool_test_processor_count_LDADD = $(tool_ldadd)
tests_tool_test_makeflags_LDADD = $(tool_ldadd)
tests_tool_test_options_LDADD = $(tool_ldadd)
tests_tool_test_option_values_LDADD = $(tool_ldadd)
tests_tool_test_usage_LDADD = $(tool_ldadd)
tests_tool_test_compat_page_LDADD = $(tool_ldadd)
tests_tool_test_anchored_file_LDADD = $(tool_ldadd)
tests_tool_test_output_buffer_LDADD = $(tool_ldadd)
tests_tool_test_order_LDADD = $(tool_ldadd)
tests_tool_test_retries_LDADD = $(tool_ldadd)
tests_tool_test_outcome_LDADD = $(tool_ldadd)
tests_tool_test_journal_LDADD = $(tool_ldadd)
tests_tool_test_journal_damage_LDADD = $(tool_ldadd)
tests_tool_test_inflight_LDADD = $(tool_ldadd)
tests_tool_test_rounds_LDADD = $(tool_ldadd)
tests_tool_test_sink_LDADD = $(tool_ldadd)
tests_tool_test_sink_counted_LDADD = $(tool_ldadd)
tests_tool_test_channels_LDADD = $(tool_ldadd)
tests_tool_test_plugin_LDADD = $(tool_ldadd)
# -export-dynamic: the plug-in that this test loads finds the library in the test program.
tests_tool_test_plugin_LDFLAGS = $(AM_LDFLAGS) -export-dynamic
tests_tool_test_joblog_LDADD = $(tool_ldadd)
tests_tool_test_results_LDADD = $(tool_ldadd)
tests_tool_test_progress_LDADD = $(tool_ldadd)
tests_tool_test_trace_LDADD = $(tool_ldadd)
tests_tool_test_screen_LDADD = $(tool_ldadd)
tests_tool_test_json_LDADD = $(tool_ldadd)
tests_tool_test_junit_LDADD = $(tool_ldadd)
tests_tool_test_tap_LDADD = $(tool_ldadd)
tests_tool_test_report_LDADD = $(tool_ldadd)

support_sources = \
	tests/support/attack.c tests/support/attack.h \
	tests/support/attack_observe.c tests/support/attack_observe.h \
	tests/support/confined.c tests/support/confined.h \
	tests/support/debug_info.c tests/support/debug_info.h \
	tests/support/filter_judge.c tests/support/filter_judge.h \
	tests/support/landlocked.h \
	tests/support/lives.c tests/support/lives.h \
	tests/support/outer_filter.c tests/support/outer_filter.h \
	tests/support/passed.c tests/support/passed.h \
	tests/support/support.c tests/support/support.h \
	tests/support/trial.c tests/support/trial.h \
	tests/support/turns.c tests/support/turns.h \
	tests/support/walk.c tests/support/walk.h \
	tests/support/jail.h tests/support/storage.h tests/support/users.h tests/support/wire_check.h

# With --wrap of the linker a test can make each call of these functions fail: tests/support/inject.h.
tests_pool_test_deaths_matrix_SOURCES = tests/pool/test_deaths_matrix.c tests/support/dying.c tests/support/dying.h
tests_pool_test_deaths_matrix_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=read -Wl,--wrap=write -Wl,--wrap=pwrite \
	-Wl,--wrap=os_own_group -Wl,--wrap=capture_flush_stdio
# Linked as the library is: binding a symbol late would leave the registers of that moment on the stack, where these two
# look for them.
tests_attacks_test_attacks_memory_LDFLAGS = $(AM_LDFLAGS) $(FORKPOOL_LDFLAGS)
tests_pool_test_kept_from_forks_LDFLAGS = $(AM_LDFLAGS) $(FORKPOOL_LDFLAGS)
tests_lib_os_test_processors_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=sched_getaffinity
tests_pool_test_cancel_late_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=kill
tests_pool_test_faults_SOURCES = tests/pool/test_faults.c \
	tests/support/fault_scenario.c tests/support/fault_scenario.h tests/support/inject.c tests/support/inject.h
tests_pool_test_faults_LDFLAGS = $(AM_LDFLAGS) $(inject_ldflags)
tests_tool_test_journal_faults_SOURCES = tests/tool/test_journal_faults.c \
	tests/support/inject.c tests/support/inject.h
tests_tool_test_journal_faults_LDFLAGS = $(AM_LDFLAGS) $(inject_ldflags)
tests_tool_test_journal_faults_LDADD = $(tool_ldadd)
inject_ldflags = \
	-Wl,--wrap=fork -Wl,--wrap=pipe2 -Wl,--wrap=socketpair -Wl,--wrap=mmap \
	-Wl,--wrap=memfd_create -Wl,--wrap=malloc -Wl,--wrap=calloc -Wl,--wrap=realloc \
	-Wl,--wrap=aligned_alloc -Wl,--wrap=free -Wl,--wrap=read -Wl,--wrap=write \
	-Wl,--wrap=pread -Wl,--wrap=pwrite -Wl,--wrap=sendmsg -Wl,--wrap=recvmsg -Wl,--wrap=poll \
	-Wl,--wrap=epoll_create1 -Wl,--wrap=epoll_ctl -Wl,--wrap=epoll_wait \
	-Wl,--wrap=timerfd_create -Wl,--wrap=timerfd_settime \
	-Wl,--wrap=fcntl -Wl,--wrap=waitid -Wl,--wrap=waitpid -Wl,--wrap=wait4 \
	-Wl,--wrap=dup2 -Wl,--wrap=madvise \
	-Wl,--wrap=open -Wl,--wrap=flock -Wl,--wrap=fsync -Wl,--wrap=fdatasync -Wl,--wrap=ftruncate \
	-Wl,--wrap=posix_fallocate -Wl,--wrap=fstat \
	-Wl,--wrap=os_fork_raw -Wl,--wrap=os_process_handle -Wl,--wrap=os_signal_wait \
	-Wl,--wrap=os_signal_on_input \
	-Wl,--wrap=os_die_with_parent -Wl,--wrap=os_own_group -Wl,--wrap=os_limit \
	-Wl,--wrap=os_children_open -Wl,--wrap=os_children_read -Wl,--wrap=identity_enter_worker \
	-Wl,--wrap=identity_enter_job -Wl,--wrap=landlock_enter -Wl,--wrap=filter_enter -Wl,--wrap=gate_close

shell_tests = \
	tests/checks/check-header.sh \
	tests/checks/check-exports.sh \
	tests/checks/test-headers.sh \
	tests/checks/folders.sh \
	tests/checks/house.sh \
	tests/checks/links.sh \
	tests/checks/probes.sh \
	tests/checks/sanitized-caller.sh \
	tests/checks/cxx-caller.sh \
	tests/tool/usage.sh \
	tests/tool/usage-values.sh \
	tests/tool/xargs.sh \
	tests/tool/parallel.sh \
	tests/checks/test-model.sh \
	tests/checks/test-examples.sh \
	tests/checks/test-server.sh \
	tests/checks/test-python.sh \
	tests/tool/run.sh \
	tests/tool/retries.sh \
	tests/tool/explain.sh \
	tests/tool/few.sh \
	tests/tool/causes.sh \
	tests/tool/input.sh \
	tests/tool/group-markers.sh \
	tests/tool/plugin.sh \
	tests/tool/plugin-crash.sh \
	tests/tool/records.sh \
	tests/tool/resume.sh \
	tests/tool/two-streams.sh \
	tests/tool/planted.sh \
	tests/tool/options.sh \
	tests/tool/cgroup.sh \
	tests/tool/sandbox.sh \
	tests/tool/programs.sh \
	tests/tool/journal.sh \
	tests/tool/journal-again.sh \
	tests/tool/completions.sh \
	tests/tool/trace.sh \
	tests/tool/metrics.sh \
	tests/tool/junit.sh \
	tests/tool/tap.sh \
	tests/tool/report.sh \
	tests/tool/report-page.sh \
	tests/tool/status.sh \
	tests/tool/stop.sh \
	tests/tool/jobserver-client.sh \
	tests/tool/jobserver-server.sh

# Each of check_units is a program with one source, its name with .c, which is linked with these.
AM_DEFAULT_SOURCE_EXT = .c
LDADD = libsupport.la libforkpool-core.la $(CHECK_LIBS)
libsupport_la_SOURCES = $(support_sources)
libsupport_la_LIBTOOLFLAGS = $(convenience)
libtool_support_la_LIBTOOLFLAGS = $(convenience)
libtool_support_la_SOURCES = \
	tests/support/journal_support.c tests/support/journal_support.h \
	tests/support/options_support.c tests/support/options_support.h \
	tests/support/sink_support.c tests/support/sink_support.h \
	tests/support/tool_records.h

# An empty file tests/pool/test_NAME-LEVEL.level stands for a run of tests/pool/test_NAME at that level.
level_tests = $(pool_units:=-job.level) $(pool_units:=-sandbox.level)

# What tests/tool/cgroup.sh runs, and tests/checks/test-server.sh: the example, and its clients.
script_programs = tests/support/holding
if HAVE_EPOLL
script_programs += tests/support/server tests/support/http_load tests/support/http_rude
endif
tests_support_holding_LDADD =
tests_support_server_SOURCES = examples/06-server.c examples/http.c examples/http.h
tests_support_server_LDADD = libforkpool.la
tests_support_server_LDFLAGS = $(AM_LDFLAGS) -no-install
tests_support_http_load_SOURCES = tests/bench/http_load.c tests/bench/bench.h
tests_support_http_load_LDADD =
tests_support_http_rude_SOURCES = tests/support/http_rude.c tests/bench/bench.h
tests_support_http_rude_LDADD =

if HAVE_CHECK
check_LTLIBRARIES = libsupport.la
if BUILD_TOOL
check_LTLIBRARIES += libtool-support.la
endif
check_PROGRAMS = $(check_units) $(script_programs)
TESTS = $(check_units) $(level_tests) $(shell_tests)
else
check_PROGRAMS = $(script_programs)
TESTS = tests/support/left-out.sh $(shell_tests)
endif

TEST_EXTENSIONS = .sh .level
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
SH_LOG_DRIVER = $(LOG_DRIVER)
SH_LOG_COMPILER = $(SHELL)
LEVEL_LOG_DRIVER = $(LOG_DRIVER)
LEVEL_LOG_COMPILER = $(SHELL) $(srcdir)/tests/support/at-level.sh

$(level_tests):
	@$(MKDIR_P) $(@D) && : >$@
CLEANFILES += $(level_tests)

# bootstrap.sh chooses some of these.
tests-list:
	@echo $(TESTS)
.PHONY: tests-list

# libcheck writes TAP, and nothing else, to standard output.
AM_TESTS_ENVIRONMENT = \
	CK_TAP_LOG_FILE_NAME=-; export CK_TAP_LOG_FILE_NAME; \
	CK_VERBOSITY=silent; export CK_VERBOSITY; \
	CC='$(CC)'; export CC; \
	CXX='$(CXX)'; export CXX; \
	NM='$(NM)'; export NM; \
	MAKE='$(MAKE)'; export MAKE; \
	PKG_CONFIG='$(PKG_CONFIG)'; export PKG_CONFIG; \
	SANITIZE_CFLAGS='$(SANITIZE_CFLAGS)'; export SANITIZE_CFLAGS; \
	LEFT_OUT='$(check_units)'; export LEFT_OUT;

# A job that crashes on purpose has to die of its signal: the sanitizer must not handle it.
if SANITIZED
sanitizer_signals = handle_segv=0:handle_sigbus=0:handle_abort=0:handle_sigill=0:handle_sigfpe=0
sanitizer_options = $(sanitizer_signals):detect_stack_use_after_return=0
AM_TESTS_ENVIRONMENT += \
	ASAN_OPTIONS="$(sanitizer_options)$${ASAN_OPTIONS:+:$$ASAN_OPTIONS}"; export ASAN_OPTIONS; \
	UBSAN_OPTIONS="$(sanitizer_options):print_stacktrace=1$${UBSAN_OPTIONS:+:$$UBSAN_OPTIONS}"; \
	export UBSAN_OPTIONS; \
	CK_TIMEOUT_MULTIPLIER="$${CK_TIMEOUT_MULTIPLIER:-2}"; export CK_TIMEOUT_MULTIPLIER;
endif

# Further files that tests read.
EXTRA_DIST += $(shell_tests) \
	tests/checks/header_program.c \
	tests/checks/header-layout.sh tests/checks/layout-0.2.0 \
	tests/support/at-level.sh \
	tests/support/browser.py \
	tests/support/apt.sh \
	tests/support/complete.bash \
	tests/support/complete.fish \
	tests/support/complete.zsh \
	tests/support/jobserver-lib.sh \
	tests/support/left-out.sh \
	tests/support/junit.xsd \
	tests/support/junit_data.py \
	tests/support/metrics_rules.py \
	tests/support/python_layout.py \
	tests/support/python_stress.py \
	tests/support/report_data.py \
	tests/support/report_page.py \
	tests/support/tap_read.pl \
	tests/support/terminal.py \
	tests/support/tool-lib.sh \
	tests/support/trace_rules.py \
	tests/support/usage-lib.sh
