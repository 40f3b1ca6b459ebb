/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* resident.h - how much memory this process has. After cmocka.h. */
#ifndef TESTS_UNIT_RESIDENT_H
#define TESTS_UNIT_RESIDENT_H

#include <stdio.h>
#include <unistd.h>

/** Bytes of its pages that are in memory. */
static inline size_t resident(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	size_t all = 0, in_memory = 0;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%zu %zu", &all, &in_memory), 2);
	fclose(file);
	return in_memory * (size_t)sysconf(_SC_PAGESIZE);
}

#endif
