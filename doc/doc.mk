# SPDX-License-Identifier: BSD-2-Clause
# Pictures, and how they are made.
EXTRA_DIST += \
	doc/report-picture.sh \
	doc/report.png \
	doc/status-picture.sh \
	doc/status.svg
