/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events: a line each, whoever reads them or does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tool/v6guardd/eventlog.h"

#define ALL ((1U << EVENT_KINDS) - 1)

/* All that waits in FD. */
static char text[1 << 20];
static const char *drain(int fd)
{
	size_t used = 0;
	ssize_t got;

	while ((got = read(fd, text + used, sizeof(text) - 1 - used)) > 0)
		used += (size_t)got;
	text[used] = '\0';
	return text;
}

/* The next line of *REST as JSON; NULL: it is none. */
static json_t *next_line(const char **rest)
{
	const char *end = strchr(*rest, '\n');
	json_t *event;

	assert_non_null(end);
	event = json_loadb(*rest, (size_t)(end - *rest), 0, NULL);
	*rest = end + 1;
	return event;
}

static const char *string_of(const json_t *event, const char *key)
{
	const char *value = json_string_value(json_object_get(event, key));

	assert_non_null(value);
	return value;
}

static void pipe_of(int fds[2])
{
	assert_int_equal(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
}

static void lines(void **state)
{
	struct eventlog *log;
	const char *rest, *time;
	json_t *event;
	int fds[2];

	(void)state;
	pipe_of(fds);
	log = eventlog_new(fds[1], ALL);
	assert_non_null(log);
	eventlog_write(log, EVENT_EPOCH, json_pack("{s:i}", "epoch", 7));
	eventlog_write(log, EVENT_RELOAD, NULL);
	eventlog_write(log, EVENT_RESCUE, json_pack("{s:s}", "program", "a\nb\"c"));
	rest = drain(fds[0]);
	event = next_line(&rest);
	assert_string_equal(string_of(event, "event"), "epoch");
	assert_int_equal(json_integer_value(json_object_get(event, "epoch")), 7);
	assert_null(json_object_get(event, "lost"));
	time = string_of(event, "time");
	/* RFC 3339: 2026-11-21T09:03:09.123Z */
	assert_int_equal(strlen(time), 24);
	assert_int_equal(time[10], 'T');
	assert_int_equal(time[23], 'Z');
	json_decref(event);
	event = next_line(&rest);
	assert_string_equal(string_of(event, "event"), "reload");
	json_decref(event);
	event = next_line(&rest);
	assert_string_equal(string_of(event, "program"), "a\nb\"c");
	json_decref(event);
	assert_string_equal(rest, "");
	eventlog_free(log);
	close(fds[0]);
	close(fds[1]);
}

static void kinds(void **state)
{
	struct eventlog *log;
	int fds[2];

	(void)state;
	pipe_of(fds);
	log = eventlog_new(fds[1], 1U << EVENT_EPOCH);
	eventlog_write(log, EVENT_VERDICT, json_object());
	assert_string_equal(drain(fds[0]), "");
	eventlog_set_kinds(log, 1U << EVENT_VERDICT);
	eventlog_write(log, EVENT_EPOCH, NULL);
	assert_string_equal(drain(fds[0]), "");
	eventlog_write(log, EVENT_VERDICT, NULL);
	assert_non_null(strstr(drain(fds[0]), "\"verdict\""));
	eventlog_free(log);
	close(fds[0]);
	close(fds[1]);
	log = eventlog_new(-1, ALL);
	eventlog_write(log, EVENT_VERDICT, json_object());
	eventlog_free(log);
}

/* What is over a limit is counted as what a full pipe loses; unless nobody wants it. */
static void over_the_limit(void **state)
{
	struct eventlog *log;
	const char *rest;
	json_t *event;
	int fds[2];

	(void)state;
	pipe_of(fds);
	log = eventlog_new(fds[1], 1U << EVENT_BLOCKED);
	assert_true(eventlog_wants(log, EVENT_BLOCKED));
	assert_false(eventlog_wants(log, EVENT_STALE));
	eventlog_lose(log, EVENT_BLOCKED);
	eventlog_lose(log, EVENT_BLOCKED);
	eventlog_lose(log, EVENT_STALE);
	assert_string_equal(drain(fds[0]), "");
	eventlog_write(log, EVENT_BLOCKED, NULL);
	rest = drain(fds[0]);
	event = next_line(&rest);
	assert_int_equal(json_integer_value(json_object_get(event, "lost")), 2);
	json_decref(event);
	eventlog_free(log);
	close(fds[0]);
	close(fds[1]);
}

static void write_long(struct eventlog *log)
{
	static char filler[3000];

	memset(filler, 'x', sizeof(filler) - 1);
	eventlog_write(log, EVENT_DOOR, json_pack("{s:s}", "filler", filler));
}

/* Nobody reads: events are lost, and counted; what is there are whole lines. */
static void nobody_reads(int reader, int writer)
{
	struct eventlog *log = eventlog_new(writer, ALL);
	const char *rest;
	json_t *event;
	long long there = 0;

	for (unsigned i = 0; i < 400; i++)
		write_long(log);
	for (rest = drain(reader); *rest; there++) {
		event = next_line(&rest);
		assert_non_null(event);
		json_decref(event);
	}
	assert_true(there > 0 && there < 400);
	eventlog_write(log, EVENT_EPOCH, NULL);
	rest = drain(reader);
	event = next_line(&rest);
	assert_int_equal(json_integer_value(json_object_get(event, "lost")), 400 - there);
	json_decref(event);
	eventlog_write(log, EVENT_EPOCH, NULL);
	assert_null(strstr(drain(reader), "lost"));
	eventlog_free(log);
}

static void nobody_reads_a_pipe(void **state)
{
	int fds[2];

	(void)state;
	pipe_of(fds);
	nobody_reads(fds[0], fds[1]);
	close(fds[0]);
	close(fds[1]);
}

/* As systemd connects stderr: a socket, which blocks as others want it to. */
static void nobody_reads_a_socket(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
	alarm(60);
	nobody_reads(fds[0], fds[1]);
	alarm(0);
	close(fds[0]);
	close(fds[1]);
}

/* A line too long for what is left in a pipe goes in by halves: the next begins anew. */
static void torn(void **state)
{
	static char filler[100000];
	struct eventlog *log;
	const char *rest;
	json_t *event;
	int fds[2];

	(void)state;
	pipe_of(fds);
	log = eventlog_new(fds[1], ALL);
	memset(filler, 'x', sizeof(filler) - 1);
	eventlog_write(log, EVENT_DOOR, json_pack("{s:s}", "filler", filler));
	drain(fds[0]);
	assert_int_equal(text[0], '{');
	assert_null(strchr(text, '\n'));
	eventlog_write(log, EVENT_EPOCH, NULL);
	rest = drain(fds[0]);
	assert_int_equal(rest[0], '\n');
	rest++;
	event = next_line(&rest);
	assert_int_equal(json_integer_value(json_object_get(event, "lost")), 1);
	json_decref(event);
	eventlog_write(log, EVENT_EPOCH, NULL);
	assert_int_equal(drain(fds[0])[0], '{');
	eventlog_free(log);
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test(kinds),
		cmocka_unit_test(over_the_limit),
		cmocka_unit_test(nobody_reads_a_pipe),
		cmocka_unit_test(nobody_reads_a_socket),
		cmocka_unit_test(torn),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
