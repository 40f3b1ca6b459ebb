/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guard/clock.h"
#include "guard/nscd.h"

/* In nscd's place a shell runs a script; time flies while it hangs. */
static const char *script; /* NULL: no program */
static long long clock_ms, step_ms;
static pid_t last;

int __real_posix_spawn(pid_t *pid, const char *path,
		       const posix_spawn_file_actions_t *actions,
		       const posix_spawnattr_t *attributes, char *const argv[],
		       char *const env[]);
int __wrap_posix_spawn(pid_t *pid, const char *path,
		       const posix_spawn_file_actions_t *actions,
		       const posix_spawnattr_t *attributes, char *const argv[],
		       char *const env[]);
long long __wrap_gp_boot_ms(void);

long long __wrap_gp_boot_ms(void)
{
	return clock_ms += step_ms;
}

int __wrap_posix_spawn(pid_t *pid, const char *path,
		       const posix_spawn_file_actions_t *actions,
		       const posix_spawnattr_t *attributes, char *const argv[],
		       char *const env[])
{
	static char shell[] = "/bin/sh", option[] = "-c";
	char text[512];
	char *const words[] = {shell, option, text, NULL};

	assert_string_equal(path, "/usr/sbin/nscd");
	assert_string_equal(argv[0], "/usr/sbin/nscd");
	assert_string_equal(argv[1], "-i");
	assert_string_equal(argv[2], "hosts");
	assert_null(argv[3]);
	if (!script)
		return ENOENT;
	assert_true(strlen(script) < sizeof(text));
	strcpy(text, script);
	const int error = __real_posix_spawn(pid, shell, actions, attributes, words, env);
	last = *pid;
	return error;
}

static void test_flush(void **state)
{
	static const struct {
		const char *script;
		bool is_done;
	} cases[] = {
		{"exit 0", true},
		{"exit 1", false},
		{"kill -KILL $$", false},
		{NULL, false},
		/* Silent, and with a program's own environment and signals. */
		{"for fd in 0 1 2; do [ -c /proc/$$/fd/$fd ] && "
		 "[ \"$(readlink /proc/$$/fd/$fd)\" = /dev/null ] || exit 1; done",
		 true},
		{"[ -z \"$SECRET\" ]", true},
		/* Its own: a shell blocks signals now and then. */
		{"exec grep -q '^SigBlk:.*0000000000000000' /proc/self/status", true},
		/* But for libc's own, 32 and 33. */
		{"grep -q '^SigIgn:.*[08]0000000$' /proc/$$/status", true},
	};
	sigset_t blocked, before;

	(void)state;
	assert_int_equal(setenv("SECRET", "1", 1), 0);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	assert_int_equal(sigprocmask(SIG_BLOCK, &blocked, &before), 0);
	signal(SIGPIPE, SIG_IGN);
	step_ms = 0;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		script = cases[i].script;
		errno = EXDEV;
		if (gp_nscd_flush() != cases[i].is_done)
			fail_msg("%s", script ? script : "no program");
		assert_int_equal(errno, EXDEV);
		/* Nobody is left to wait for. */
		assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	}
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

/* One that hangs, and hears no signal that can be caught, is ended after 5 s. */
static void test_hang(void **state)
{
	(void)state;
	script = "trap '' TERM INT HUP; exec sleep 60";
	step_ms = 100;
	clock_ms = 0;
	assert_false(gp_nscd_flush());
	assert_in_range(clock_ms, 5000, 5300);
	assert_int_equal(kill(last, 0), -1);
	assert_int_equal(errno, ESRCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flush),
		cmocka_unit_test(test_hang),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
