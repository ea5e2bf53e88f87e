# SPDX-License-Identifier: BSD-2-Clause
# Pages that README.md leads to, their pictures, and how the pictures are made.
EXTRA_DIST += \
	doc/architecture.md \
	doc/comparison.md \
	doc/compat.md \
	doc/dependencies.md \
	doc/integration.md \
	doc/judge.md \
	doc/performance.md \
	doc/portability.md \
	doc/report-picture.sh \
	doc/report.png \
	doc/reports.md \
	doc/status-picture.sh \
	doc/status.svg
