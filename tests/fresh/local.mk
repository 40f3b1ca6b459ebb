# SPDX-License-Identifier: LGPL-2.1-or-later
# `./quickstart test fresh`; no part of `make check`.
EXTRA_DIST += \
	tests/fresh/run.sh \
	tests/fresh/tree.sh
