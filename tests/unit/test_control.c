/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "driven_clock.h"
#include "tool/v6guardd/control.h"
#include "tool/v6guardd/control_line.h"

#define VERBS                                                                            \
	"the commands are: status, partners ADDRESS, verdict list, verdict set PREFIX "  \
	"VERDICT SECONDS, verdict clear [PREFIX], reload, resolver status, resolver "    \
	"flush [NAME]"
#define ERROR(text) "{\"error\":\"" text "\"}\n"

static struct event_base *base;
static struct control *control;
static char folder[] = "/tmp/test_control.XXXXXX", path[64];

/* ---- what stands behind the socket ---- */

static struct {
	char last[128]; /* the call that was made */
	int calls;
	size_t status_size; /* of a text in status */
	bool refuses_reload, has_no_memory;
} world;

static json_t *ok(const char *call)
{
	world.calls++;
	snprintf(world.last, sizeof(world.last), "%s", call);
	return world.has_no_memory ? NULL : json_pack("{s:b}", "done", 1);
}

static json_t *on_status(void *ctx)
{
	json_t *value = ok("status");
	char *text = malloc(world.status_size + 1);

	assert_ptr_equal(ctx, &world);
	assert_non_null(text);
	memset(text, 'x', world.status_size);
	text[world.status_size] = '\0';
	if (value && world.status_size)
		json_object_set_new(value, "text", json_string(text));
	free(text);
	return value;
}

static json_t *on_partners(void *ctx, const struct gp_addr *addr)
{
	char text[GP_ADDR_TEXT], call[100];

	assert_ptr_equal(ctx, &world);
	snprintf(call, sizeof(call), "partners %s", gp_addr_format(addr, text));
	return ok(call);
}

static json_t *on_list(void *ctx)
{
	assert_ptr_equal(ctx, &world);
	return ok("list");
}

static json_t *on_set(void *ctx, const struct gp_prefix *prefix, enum gp_verdict verdict,
		      uint32_t seconds)
{
	char text[GP_PREFIX_TEXT], call[100];

	assert_ptr_equal(ctx, &world);
	snprintf(call, sizeof(call), "set %s %s %u", gp_prefix_format(prefix, text),
		 gp_verdict_name(verdict), seconds);
	return ok(call);
}

static json_t *on_clear(void *ctx, const struct gp_prefix *prefix)
{
	char text[GP_PREFIX_TEXT], call[100];

	assert_ptr_equal(ctx, &world);
	snprintf(call, sizeof(call), "clear %s", gp_prefix_format(prefix, text));
	return ok(call);
}

static json_t *on_resolver_status(void *ctx)
{
	assert_ptr_equal(ctx, &world);
	return ok("resolver status");
}

static json_t *on_resolver_flush(void *ctx, const uint8_t *name)
{
	char text[WIRE_NAME_TEXT], call[100];

	assert_ptr_equal(ctx, &world);
	snprintf(call, sizeof(call), "flush %.80s",
		 name ? wire_name_text(name, text) : "all");
	return ok(call);
}

static bool on_reload(void *ctx)
{
	assert_ptr_equal(ctx, &world);
	json_decref(ok("reload"));
	return !world.refuses_reload;
}

/* ---- the kernel's part: who asks ---- */

static uid_t peer_uid;
static long limits[64];
static size_t limit_count;

int __real_getsockopt(int fd, int level, int option, void *value, socklen_t *size);
int __wrap_getsockopt(int fd, int level, int option, void *value, socklen_t *size);
int __real_event_add(struct event *event, const struct timeval *delay);
int __wrap_event_add(struct event *event, const struct timeval *delay);

int __wrap_getsockopt(int fd, int level, int option, void *value, socklen_t *size)
{
	const int status = __real_getsockopt(fd, level, option, value, size);

	if (status == 0 && level == SOL_SOCKET && option == SO_PEERCRED)
		((struct ucred *)value)->uid = peer_uid;
	return status;
}

/* What was asked for is noted. */
int __wrap_event_add(struct event *event, const struct timeval *delay)
{
	if (delay && limit_count < sizeof(limits) / sizeof(limits[0]))
		limits[limit_count++] = delay->tv_sec;
	return __real_event_add(event, delay);
}

/* ---- clients ---- */

static int dial(void)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	snprintf(name.sun_path, sizeof(name.sun_path), "%s", path);
	if (connect(fd, (struct sockaddr *)&name, sizeof(name)) < 0)
		fail_msg("connect: %s", strerror(errno));
	return fd;
}

static void turn(void)
{
	for (int i = 0; i < 4; i++)
		assert_true(event_base_loop(base, EVLOOP_NONBLOCK) >= 0);
}

/* The clock goes on by so much. */
static void pass(long ms)
{
	const struct timeval delay = {0, ms * 1000};

	event_base_loopexit(base, &delay);
	event_base_dispatch(base);
}

/* Let the loop run until FD was closed by the other side; what it sent, cut to SIZE. Its
 * number of bytes is returned; 100 s of its clock at most. */
static size_t hear(int fd, char *buf, size_t size)
{
	size_t total = 0;
	char bytes[4096];

	buf[0] = '\0';
	for (int ms = 0; ms < 100000;) {
		turn();
		const ssize_t got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (got == 0 || (got < 0 && errno == ECONNRESET))
			return total;
		if (got < 0) {
			pass(1);
			ms++;
			continue;
		}
		for (ssize_t i = 0; i < got; i++, total++)
			if (total + 1 < size) {
				buf[total] = bytes[i];
				buf[total + 1] = '\0';
			}
	}
	fail_msg("the connection stays open");
	return 0;
}

static void say(int fd, const char *bytes, size_t size)
{
	assert_int_equal(send(fd, bytes, size, MSG_NOSIGNAL), size);
}

static void expect(int fd, const char *reply)
{
	char got[2048];

	hear(fd, got, sizeof(got));
	assert_string_equal(got, reply);
	close(fd);
}

static int set_up(void **state)
{
	const struct control_ops ops = {
		&world,   on_status,          on_partners,       on_list,  on_set,
		on_clear, on_resolver_status, on_resolver_flush, on_reload};
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	memset(&world, 0, sizeof(world));
	peer_uid = 0;
	limit_count = 0;
	snprintf(name.sun_path, sizeof(name.sun_path), "%s", path);
	unlink(path);
	assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	assert_int_equal(listen(fd, 64), 0);
	control = control_new(base, fd, &ops);
	assert_non_null(control);
	return 0;
}

static int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static int fds_before;

static int tear_down(void **state)
{
	(void)state;
	control_free(control);
	unlink(path);
	assert_int_equal(count_fds(), fds_before);
	return 0;
}

/* ---- tests ---- */

#define DONE "{\"done\":true}\n"
#define ROOT ERROR("this needs root")
#define LINE(text) text, sizeof(text) - 1

static const char blanks[] = "                                                  ";

static void test_lines(void **state)
{
	static const struct {
		const char *line;
		size_t size;
		const char *call, *reply; /* CALL NULL: none */
		const char *as_user;      /* NULL: the same reply */
	} cases[] = {
		{LINE("status\n"), "status", DONE, NULL},
		{LINE(" \tstatus \r\n"), "status", DONE, NULL},
		{LINE("status\nreload\nmore"), "status", DONE, NULL},
		{LINE("partners 2001:db8::1\n"), "partners 2001:db8::1", DONE, NULL},
		{LINE("partners 192.0.2.1\n"), "partners 192.0.2.1", DONE, NULL},
		{LINE("verdict list\n"), "list", DONE, NULL},
		{LINE("verdict set 2001:db8::1 broken 60\n"),
		 "set 2001:db8::1/128 broken 60", DONE, ROOT},
		{LINE("verdict set 2001:db8::/48 ok 1\n"), "set 2001:db8::/48 ok 1", DONE,
		 ROOT},
		{LINE("verdict set ::/0 slow 2592000\n"), "set ::/0 slow 2592000", DONE,
		 ROOT},
		{LINE("verdict clear\n"), "clear ::/0", DONE, ROOT},
		{LINE("resolver flush\n"), "flush all", DONE, ROOT},
		{LINE("resolver flush www.Example\n"), "flush www.example.", DONE, ROOT},
		{LINE("verdict clear 2001:db8::/32\n"), "clear 2001:db8::/32", DONE,
		 ROOT},
		/* What is said of other lines: test_control_line.c. */
		{LINE("\n"), NULL, ERROR(VERBS), NULL},
		{LINE("verdict set ::/0 unknown 1\n"), NULL,
		 ERROR("'unknown' is none of ok, broken, slow"), NULL},
		{LINE("sta\0tus\n"), NULL, ERROR("that is no text"), NULL},
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		const size_t n = i / 2;
		const bool is_refused = i % 2 && cases[n].as_user;
		const int fd = dial();

		world.calls = 0;
		peer_uid = i % 2 ? 1000 : 0;
		say(fd, cases[n].line, cases[n].size);
		expect(fd, is_refused ? cases[n].as_user : cases[n].reply);
		assert_int_equal(world.calls, cases[n].call && !is_refused);
		if (world.calls)
			assert_string_equal(world.last, cases[n].call);
	}
	/* Memory is none: no half of an answer. */
	world.has_no_memory = true;
	const int fd = dial();
	say(fd, LINE("status\n"));
	expect(fd, "");
}

static void test_length(void **state)
{
	char line[2048];
	int fd = dial();

	(void)state;
	/* In pieces of one byte. */
	for (const char *at = "verdict list\n"; *at; at++) {
		say(fd, at, 1);
		turn();
	}
	expect(fd, DONE);

	/* 512 with the newline are a line, 512 without are none. */
	memset(line, ' ', sizeof(line));
	memcpy(line, "status", 6);
	line[CONTROL_LINE - 1] = '\n';
	fd = dial();
	say(fd, line, CONTROL_LINE);
	expect(fd, DONE);
	line[CONTROL_LINE - 1] = ' ';
	line[CONTROL_LINE] = '\n';
	for (size_t size = CONTROL_LINE; size <= sizeof(line); size *= 2) {
		fd = dial();
		say(fd, line, size);
		expect(fd, ERROR("the line is longer than 512 bytes"));
	}
	/* Long words are not repeated in full. */
	snprintf(line, sizeof(line), "partners %0400d%s\n", 1, blanks);
	fd = dial();
	say(fd, line, strlen(line));
	hear(fd, line, sizeof(line));
	assert_true(strlen(line) < 200);
	close(fd);
}

/* It may be half of another command. */
static void test_no_newline(void **state)
{
	int fd = dial();

	(void)state;
	say(fd, LINE("verdict clear"));
	shutdown(fd, SHUT_WR);
	expect(fd, ERROR("the line has no newline at its end"));
	assert_int_equal(world.calls, 0);
	/* One that has said all may close that direction. */
	fd = dial();
	say(fd, LINE("status\n"));
	shutdown(fd, SHUT_WR);
	expect(fd, DONE);
	/* Nothing at all. */
	fd = dial();
	shutdown(fd, SHUT_WR);
	expect(fd, "");
}

static void test_gone(void **state)
{
	static const char *const said[] = {"", "sta", "status\n", "reload\n"};

	(void)state;
	world.status_size = 1 << 20;
	for (size_t i = 0; i < 2 * sizeof(said) / sizeof(said[0]); i++) {
		const int fd = dial();

		say(fd, said[i / 2], strlen(said[i / 2]));
		if (i % 2)
			turn();
		close(fd);
		turn();
	}
	control_reloaded(control, json_pack("{s:b}", "ok", 1));
	turn();
	world.status_size = 0;
	const int fd = dial();
	say(fd, LINE("status\n"));
	expect(fd, DONE);
}

/* COUNT of them, of whom SERVED find a place; all places are free again later. */
static void crowd(uid_t uid, size_t count, size_t served)
{
	int fds[64];

	peer_uid = uid;
	for (size_t i = 0; i < count; i++) {
		fds[i] = dial();
		turn();
	}
	for (size_t i = 0; i < count; i++) {
		if (i < served)
			say(fds[i], LINE("status\n"));
		expect(fds[i], i < served ? DONE : ERROR("too many clients"));
	}
}

static void test_many(void **state)
{
	int held[32];

	(void)state;
	crowd(0, 40, 32);
	crowd(1000, 40, 8);
	/* Whatever others hold, root finds places. */
	for (uid_t i = 0; i < 32; i++) {
		peer_uid = 1000 + i / 8;
		held[i] = dial();
		turn();
	}
	crowd(2000, 1, 0);
	crowd(0, 10, 8);
	for (size_t i = 0; i < 32; i++)
		close(held[i]);
	turn();
	crowd(2000, 9, 8);
}

/* Who says nothing, or takes nothing, is shown out after 5 s. */
static void test_slow(void **state)
{
	char got[64];
	int fd;

	(void)state;
	fd = dial();
	expect(fd, "");
	fd = dial();
	say(fd, LINE("sta"));
	expect(fd, "");
	assert_int_equal(limit_count, 2);
	assert_int_equal(limits[0], 5);
	assert_int_equal(limits[1], 5);

	/* An answer that does not fit the socket goes to who reads it, and to who does
	 * not only in part. */
	world.status_size = 1 << 20;
	fd = dial();
	say(fd, LINE("status\n"));
	assert_int_equal(hear(fd, got, sizeof(got)),
			 world.status_size + strlen("{\"done\":true,\"text\":\"\"}\n"));
	close(fd);
	fd = dial();
	say(fd, LINE("status\n"));
	turn();
	for (int i = 0;
	     i < 500 && event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED) > 1; i++)
		pass(20);
	assert_in_range(hear(fd, got, sizeof(got)), 1, world.status_size - 1);
	close(fd);
}

static void test_reload(void **state)
{
	int fds[3];

	(void)state;
	/* Nobody waits: nobody is answered. */
	control_reloaded(control, json_pack("{s:b}", "ok", 1));
	for (size_t i = 0; i < 3; i++) {
		fds[i] = dial();
		say(fds[i], LINE("reload\n"));
		turn();
	}
	shutdown(fds[0], SHUT_WR);
	turn();
	assert_int_equal(world.calls, 3);
	const int other = dial();
	say(other, LINE("status\n"));
	expect(other, DONE);
	/* Each by its own: one that began before somebody had asked is not for them. */
	for (int i = 0; i < 3; i++) {
		char line[64];

		control_reloaded(control,
				 json_pack("{s:b s:i}", "ok", 1, "generation", 7 + i));
		turn();
		if (i < 2)
			assert_int_equal(
				recv(fds[i + 1], line, 1, MSG_PEEK | MSG_DONTWAIT), -1);
		snprintf(line, sizeof(line), "{\"ok\":true,\"generation\":%d}\n", 7 + i);
		expect(fds[i], line);
	}

	/* Not for everybody, and not always possible. */
	peer_uid = 1;
	fds[0] = dial();
	say(fds[0], LINE("reload\n"));
	expect(fds[0], ROOT);
	assert_int_equal(world.calls, 4);
	peer_uid = 0;
	world.refuses_reload = true;
	fds[0] = dial();
	say(fds[0], LINE("reload\n"));
	expect(fds[0], ERROR("the configuration cannot be read now"));

	/* 10 s. */
	world.refuses_reload = false;
	limit_count = 0;
	fds[0] = dial();
	say(fds[0], LINE("reload\n"));
	expect(fds[0], ERROR("the configuration was not read within 10 s"));
	assert_int_equal(limits[1], 10);
}

/* Away with it while all kinds of clients are there. */
static void test_end(void **state)
{
	static const char *const said[] = {"", "sta", "status\n", "reload\n"};
	int fds[4];

	(void)state;
	world.status_size = 1 << 20;
	for (size_t i = 0; i < 4; i++) {
		fds[i] = dial();
		say(fds[i], said[i], strlen(said[i]));
		turn();
	}
	control_free(control);
	control = NULL;
	for (size_t i = 0; i < 4; i++)
		close(fds[i]);
	control_reloaded(NULL, json_object());
	turn();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_lines, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_length, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_newline, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_gone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_many, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_slow, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_reload, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_end, set_up, tear_down),
	};
	int failed;

	if (!mkdtemp(folder))
		return 99;
	snprintf(path, sizeof(path), "%s/sock", folder);
	clock_jumps = true;
	base = event_base_new();
	fds_before = count_fds();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	event_base_free(base);
	rmdir(folder);
	return failed;
}
