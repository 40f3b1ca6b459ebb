/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_run_seen.c - where a child connects to, on loopback and seen by this kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netns.h"
#include "tool/v6guard/run.h"

#define WAIT_MS 20000

static struct run_seen seen;
static struct run_names names;
static char text[RUN_SEEN_TEXT], expected[RUN_SEEN_TEXT];

/* A listener on loopback; ADDRESS is where. */
static int serve(int family, int backlog, struct sockaddr_storage *address)
{
	const int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in *in = (struct sockaddr_in *)address;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)address;
	socklen_t length = family == AF_INET ? sizeof(*in) : sizeof(*in6);

	*address = (struct sockaddr_storage){.ss_family = (sa_family_t)family};
	if (family == AF_INET)
		in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		in6->sin6_addr = in6addr_loopback;
	if (fd < 0 || bind(fd, (struct sockaddr *)address, length) || listen(fd, backlog))
		return -1;
	assert_int_equal(getsockname(fd, (struct sockaddr *)address, &length), 0);
	return fd;
}

static unsigned port_of(const struct sockaddr_storage *address)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)address;

	return ntohs(in->sin_port); /* at the same place in both */
}

/* In the child: a connection, or an attempt, that stays. */
static void call(const struct sockaddr_storage *address)
{
	const int fd = socket(address->ss_family, SOCK_STREAM, 0);

	fcntl(fd, F_SETFL, O_NONBLOCK);
	connect(fd, (const struct sockaddr *)address, sizeof(*address));
}

/* A child that does WHAT, without what is this process's own, and waits to be ended. */
static pid_t start(void (*what)(const struct sockaddr_storage *address),
		   const struct sockaddr_storage *address)
{
	int ready[2];
	char byte;

	assert_int_equal(pipe(ready), 0);
	const pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		setpgid(0, 0);
		dup2(ready[1], 3);
		for (int fd = 4; fd < 100; fd++)
			close(fd);
		alarm(120);
		if (write(3, "", 1) == 1)
			what(address);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void end(pid_t pid)
{
	kill(-pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void in_grandchild(const struct sockaddr_storage *address)
{
	if (fork() == 0) {
		alarm(120);
		call(address);
	}
}

/* Look at PID until EXPECTED is seen. */
static void expect_seen(pid_t pid)
{
	for (int ms = 0; ms < WAIT_MS; ms += seen.pause_ms) {
		run_seen_look(&seen, pid);
		assert_in_range(seen.pause_ms, 1, 100);
		if (!strcmp(run_seen_text(&seen, &names, text), expected))
			return;
		poll(NULL, 0, seen.pause_ms);
	}
	fail_msg("'%s', not '%s'", text, expected);
}

static int setup(void **state)
{
	(void)state;
	names.count = 0;
	run_seen_open(&seen, NULL);
	return seen.dump_fd < 0 || seen.event_fd < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	run_seen_close(&seen);
	return 0;
}

static void test_connected(void **state)
{
	static const struct {
		int family;
		const char *name;
		void (*how)(const struct sockaddr_storage *address);
	} cases[] = {{AF_INET, "127.0.0.1", call},
		     {AF_INET6, "::1", call},
		     {AF_INET, "127.0.0.1", in_grandchild}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sockaddr_storage address;
		const int fd = serve(cases[i].family, 8, &address);
		if (fd < 0 && cases[i].family == AF_INET6)
			continue;
		assert_true(fd >= 0);
		run_seen_close(&seen);
		setup(state);
		assert_string_equal(run_seen_text(&seen, &names, text), "-");
		const pid_t pid = start(cases[i].how, &address);
		snprintf(expected, sizeof(expected), "%s port %u", cases[i].name,
			 port_of(&address));
		expect_seen(pid);
		/* It stays known when it is gone. */
		end(pid);
		run_seen_look(&seen, 0);
		assert_string_equal(run_seen_text(&seen, &names, text), expected);
		close(fd);
	}
}

/* One that nobody accepts: its queue is full, and the SYN gets no answer. */
static void test_waits(void **state)
{
	struct sockaddr_storage address;
	const int fd = serve(AF_INET, 0, &address);

	(void)state;
	assert_true(fd >= 0);
	for (int i = 0; i < 4; i++)
		call(&address); /* this process's own count for nothing */
	const pid_t pid = start(call, &address);
	snprintf(expected, sizeof(expected), "127.0.0.1 port %u: no answer",
		 port_of(&address));
	expect_seen(pid);
	/* Others of this network may be in the list as well, as closed ones. */
	for (size_t i = 0; i < seen.count; i++)
		if (seen.list[i].is_ours)
			assert_int_equal(seen.list[i].socket.state, 2); /* SYN_SENT */
	/* It never came about: nothing is said of it when it is over. */
	end(pid);
	for (int i = 0; i < 1000 && strcmp(text, "-") != 0; i++) {
		run_seen_look(&seen, 0);
		run_seen_text(&seen, &names, text);
		poll(NULL, 0, 10);
	}
	assert_string_equal(text, "-");
	close(fd);
}

/* Look until EXPECTED is among what is seen; the kernel tells of what is over a moment
 * later. */
static void expect_settled(void)
{
	for (int i = 0; i < 100; i++) {
		run_seen_settle(&seen);
		if (strstr(run_seen_text(&seen, &names, text), expected))
			return;
	}
	fail_msg("'%s', and not '%s'", text, expected);
}

static void call_shortly(const struct sockaddr_storage *address)
{
	const int fd = socket(address->ss_family, SOCK_STREAM, 0);

	connect(fd, (const struct sockaddr *)address, sizeof(*address));
	close(fd);
	_exit(0);
}

/* Over before anybody looks: only what was looked up is taken for the child's. */
static void test_short(void **state)
{
	struct sockaddr_storage address;
	const int fd = serve(AF_INET, 8, &address);

	(void)state;
	assert_true(fd >= 0);
	const pid_t pid = start(call_shortly, &address);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(accept(fd, NULL, NULL));
	run_seen_settle(&seen);
	assert_string_equal(run_seen_text(&seen, &names, text), "-");
	assert_int_equal(gp_addr_parse("127.0.0.1", &names.list[names.count++]), GP_OK);
	snprintf(expected, sizeof(expected), "127.0.0.1 port %u", port_of(&address));
	/* The other end of it is seen as well, on a port of its own. */
	expect_settled();
	/* In the list of another run it is that one's. */
	struct run_seen *before = malloc(sizeof(*before));
	assert_non_null(before);
	*before = seen;
	seen = (struct run_seen){.before = before,
				 .dump_fd = before->dump_fd,
				 .event_fd = before->event_fd};
	seen.pause_ms = 1;
	const pid_t again = start(call_shortly, &address);
	assert_int_equal(waitpid(again, NULL, 0), again);
	close(accept(fd, NULL, NULL));
	expect_settled();
	for (size_t i = 0; i < seen.count; i++)
		for (size_t j = 0; j < before->count; j++)
			assert_memory_not_equal(seen.list[i].socket.cookie,
						before->list[j].socket.cookie, 8);
	free(before);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_connected, setup, teardown),
		cmocka_unit_test_setup_teardown(test_waits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_short, setup, teardown),
	};

	signal(SIGCHLD, SIG_DFL);
	/* Connections of other tests over the same loopback would be in the list, too. */
	if (netns_unshare() && !sh("PATH=$PATH:/usr/sbin:/sbin; ip link set lo up"))
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
