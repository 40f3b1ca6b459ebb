/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_diff.c - unified diffs: what they look like, and that patch(1) takes them. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "gaiconf/diff.h"
#include "sizes.h"

struct pair {
	const char *a, *b, *diff;
};

#define HEAD "--- /etc/x\n+++ /etc/x\n"
#define OPEN_END "\\ No newline at end of file\n"

/* Expected texts are those of GNU diff -u, but for its dates. */
static const struct pair pairs[] = {
	{"", "", ""},
	{"a\n", "a\n", ""},
	{"", "a\n", HEAD "@@ -0,0 +1 @@\n+a\n"},
	{"a\n", "", HEAD "@@ -1 +0,0 @@\n-a\n"},
	{"a\n", "b\n", HEAD "@@ -1 +1 @@\n-a\n+b\n"},
	{"a", "a\n", HEAD "@@ -1 +1 @@\n-a\n" OPEN_END "+a\n"},
	{"a\n", "a", HEAD "@@ -1 +1 @@\n-a\n+a\n" OPEN_END},
	{"a\nb", "x\nb", HEAD "@@ -1,2 +1,2 @@\n-a\n+x\n b\n" OPEN_END},
	{"1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nX\n6\n7\n8\n9\n",
	 HEAD "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+X\n 6\n 7\n 8\n"},
	/* six lines between two changes are one hunk, seven are two */
	{"a\n1\n2\n3\n4\n5\n6\nb\n", "A\n1\n2\n3\n4\n5\n6\nB\n",
	 HEAD "@@ -1,8 +1,8 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+B\n"},
	{"a\n1\n2\n3\n4\n5\n6\n7\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\nB\n",
	 HEAD
	 "@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+B\n"},
	/* Myers' own example, ABCABBA to CBABAC, in five edits */
	{"A\nB\nC\nA\nB\nB\nA\n", "C\nB\nA\nB\nA\nC\n",
	 HEAD "@@ -1,7 +1,6 @@\n-A\n-B\n C\n+B\n A\n B\n-B\n A\n+C\n"},
};

static void test_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		const struct pair *pair = &pairs[i];
		char *out;
		errno = 4711;
		assert_int_equal(gp_diff("/etc/x", pair->a, strlen(pair->a), pair->b,
					 strlen(pair->b), &out),
				 GP_OK);
		assert_int_equal(errno, 4711);
		assert_string_equal(out, pair->diff);
		free(out);
	}
}

static void write_file(const char *folder, const char *name, const char *text)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static char *read_file(const char *folder, const char *name)
{
	char path[256], *text = calloc(1, 1 << 20);
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "r");
	if (file) {
		size_t got = fread(text, 1, (1 << 20) - 1, file);
		text[got] = '\0';
		fclose(file);
	}
	return text;
}

static int run_patch(const char *folder)
{
	pid_t pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);
		dup2(null, 1);
		dup2(null, 2);
		if (chdir(folder) < 0)
			_exit(126);
		/* -F0: no line of context may be off; an emptied file stays. */
		execlp("patch", "patch", "--posix", "-s", "-F0", "-i", "diff", "file",
		       (char *)NULL);
		_exit(errno == ENOENT ? 127 : 126);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void random_lines(char *text, int lines, int kinds)
{
	char *at = text;
	for (int i = 0; i < lines; i++)
		at += sprintf(at, "line %ld\n", random() % kinds);
	if (lines > 0 && random() % 4 == 0)
		at--;
	*at = '\0';
}

/* A few lines more, less or other. */
static void mutate(const char *from, char *to)
{
	for (const char *end; *from; from = end) {
		end = strchr(from, '\n');
		end = end ? end + 1 : from + strlen(from);
		long dice = random() % 12;
		if (dice == 0)
			continue;
		if (dice == 1)
			to += sprintf(to, "new %ld\n", random() % 5);
		memcpy(to, from, (size_t)(end - from));
		to += end - from;
		if (dice == 2 && to[-1] == '\n')
			to += sprintf(to, "more");
	}
	*to = '\0';
}

static void remove_folder(const char *folder)
{
	static const char *const names[] = {"file", "diff", "file.orig", "file.rej"};
	char path[256];
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	rmdir(folder);
}

/* 0: the same; else what is wrong, and nothing is left behind. */
static int patch_round(const char *folder, const char *a, const char *b)
{
	char *diff;
	assert_int_equal(gp_diff("file", a, strlen(a), b, strlen(b), &diff), GP_OK);
	write_file(folder, "file", a);
	write_file(folder, "diff", diff);
	bool is_empty = diff[0] == '\0';
	free(diff);
	if (is_empty)
		return strcmp(a, b) != 0;

	int status = run_patch(folder);
	if (status == 127)
		return 127;
	char *result = read_file(folder, "file");
	bool is_same = !strcmp(result, b);
	free(result);
	return status != 0 || !is_same;
}

static void test_patch_takes_them(void **state)
{
	(void)state;
	char folder[] = "/tmp/test_diff.XXXXXX";
	static char a[1 << 18], b[1 << 18];
	int result = 0, round;

	assert_non_null(mkdtemp(folder));
	srandom(11);
	for (round = 0; round < sized(150, 5000) && result == 0; round++) {
		random_lines(a, (int)(random() % 60), round % 2 ? 1000 : 4);
		if (round % 3)
			mutate(a, b);
		else
			random_lines(b, (int)(random() % 60), 4);
		result = patch_round(folder, a, b);
	}
	/* More edits than are searched for: one replaced block. */
	if (result == 0) {
		random_lines(a, 3000, 1000000);
		random_lines(b, 3000, 1000000);
		strcat(strcpy(a + strlen(a), "\n"), "end\n");
		strcat(strcpy(b + strlen(b), "\n"), "end\n");
		result = patch_round(folder, a, b);
	}
	remove_folder(folder);
	if (result == 127) {
		print_message("patch(1) is not there\n");
		skip();
	}
	assert_int_equal(result, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_patch_takes_them),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
