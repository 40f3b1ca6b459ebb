/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* nearest.c - guesses at misspelt words. */
#include <string.h>

#include "nearest.h"

#define WORD_MAX 32

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Levenshtein's distance, with a swap of neighbours as one step. */
static unsigned distance(const char *a, const char *b)
{
	unsigned rows[WORD_MAX + 1][WORD_MAX + 1];
	size_t n = strlen(a), m = strlen(b);
	if (n > WORD_MAX || m > WORD_MAX)
		return WORD_MAX;

	for (size_t i = 0; i <= n; i++)
		for (size_t j = 0; j <= m; j++) {
			if (i == 0 || j == 0) {
				rows[i][j] = (unsigned)(i + j);
				continue;
			}
			unsigned best = rows[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			best = least(best, rows[i - 1][j] + 1);
			best = least(best, rows[i][j - 1] + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				best = least(best, rows[i - 2][j - 2] + 1);
			rows[i][j] = best;
		}
	return rows[n][m];
}

const char *gp_nearest(const char *word, const char *const *words, size_t count)
{
	const char *found = NULL;
	unsigned best = (unsigned)strlen(word) / 3 + 2;

	for (size_t i = 0; i < count; i++) {
		unsigned far = distance(word, words[i]);
		if (far < best) {
			best = far;
			found = words[i];
		}
	}
	return found;
}
