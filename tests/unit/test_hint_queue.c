/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a door's hints go, and when it tries again while the queue is full; over real
 * sockets and with a clock of the test's own.
 */
#include <poll.h>

#include "hint_world.h"

/* Another datagram would be taken: poll() says it of a connected socket. */
static bool has_room(void)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	struct pollfd one = {socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), POLLOUT, 0};
	int ready;

	strcpy(to.sun_path, path);
	CHECK(one.fd >= 0 && !connect(one.fd, (struct sockaddr *)&to, sizeof(to)));
	ready = poll(&one, 1, 0);
	close(one.fd);
	return ready == 1 && one.revents & POLLOUT;
}

static void fill(void)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct gp_hint nothing = {.door = GP_DOOR_NSS};
	uint8_t bytes[GP_HINT_SIZE_MAX];
	const size_t size = gp_hint_build(&nothing, bytes);

	strcpy(to.sun_path, path);
	CHECK(fd >= 0);
	while (sendto(fd, bytes, size, 0, (struct sockaddr *)&to, sizeof(to)) >= 0)
		;
	close(fd);
}

/* It is over at the next lookup, however soon, and what was counted meanwhile is told. */
static void again_when_full(void)
{
	struct gp_hint hint;
	unsigned sent = 0;

	receiver = bind_here(path);
	while (sent < 5000 && has_room()) {
		clock_ms += 1000;
		gp_hint_count(GP_COUNT_LOOKUPS, 1);
		send_one(0);
		sent++;
	}
	CHECK(sent > 0 && sent < 5000);
	gp_hint_count(GP_COUNT_LOOKUPS, 1);
	send_one(1000);
	while (receive(&hint))
		CHECK(hint.counters[GP_COUNT_LOOKUPS] == 1);
	gp_hint_count(GP_COUNT_LOOKUPS, 1);
	send_one(0);
	CHECK(receive(&hint) && hint.counters[GP_COUNT_LOOKUPS] == 2);
	send_one(999); /* and not before a second once it succeeded */
	CHECK(!receive(&hint));
}

/* Full for long: not each of many lookups pays for it. */
static void full_for_long(void)
{
	static const unsigned waits[] = {0, 2, 4, 8, 16, 32, 64, 64, 64};
	struct gp_hint hint;

	receiver = bind_here(path);
	while (has_room())
		send_one(1000);
	send_one(1000);
	for (unsigned i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		if (waits[i]) {
			CHECK(receive(&hint)); /* there is room for one */
			send_one(waits[i] - 1);
			CHECK(has_room());
			fill();
			send_one(1);
		} else {
			send_one(0);
		}
	}
	while (receive(&hint))
		;
	send_one(63);
	CHECK(!receive(&hint));
	send_one(1);
	CHECK(receive(&hint));
}

/* Root and system users have theirs, and take the other while it is not to be had. */
static void system_socket(void)
{
	struct gp_hint hint;
	int other;

	if (geteuid())
		return;
	receiver = bind_here(path);
	other = bind_here(system_path);
	CHECK(!chmod(system_path, 0600) && !chmod(path, 0666));
	send_one(0);
	CHECK(!receive(&hint) && recv(other, &hint, sizeof(hint), 0) > 0);
	CHECK(!setresuid(GP_SYSTEM_UID_MAX, GP_SYSTEM_UID_MAX, 0));
	send_one(1000);
	CHECK(receive(&hint)); /* it was denied */
	CHECK(!setresuid(0, 0, 0) && !setresuid(GP_SYSTEM_UID_MAX + 1, 0, 0));
	send_one(1000); /* a setuid program of a login user's */
	CHECK(receive(&hint));
	CHECK(!setresuid(0, 0, 0) && !chmod(system_path, 0666));
	CHECK(!setresuid(GP_SYSTEM_UID_MAX, GP_SYSTEM_UID_MAX, 0));
	send_one(1000);
	CHECK(!receive(&hint) && recv(other, &hint, sizeof(hint), 0) > 0);
	CHECK(!setresuid(0, 0, 0) &&
	      !setresuid(GP_SYSTEM_UID_MAX + 1, GP_SYSTEM_UID_MAX + 1, 0));
	send_one(1000);
	CHECK(receive(&hint) && recv(other, &hint, sizeof(hint), 0) < 0);
	CHECK(!setresuid(0, 0, 0));
	close(other);
	send_one(1000); /* nobody reads it */
	CHECK(receive(&hint));
	/* That one is full: the other must not be filled in its place. */
	unlink(system_path);
	other = bind_here(system_path);
	for (int i = 0; i < 5000; i++)
		send_one(1000);
	CHECK(!receive(&hint));
	close(other);
}

static void test_where_and_when(void **state)
{
	(void)state;
	run(again_when_full, "again when full");
	run(full_for_long, "full for long");
	run(system_socket, "system socket");
}

static int setup(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/v6guard-test-XXXXXX");
	if (!mkdtemp(folder) || chmod(folder, 0755))
		return -1;
	snprintf(path, sizeof(path), "%s/hint.sock", folder);
	snprintf(system_path, sizeof(system_path), "%s/hint.system.sock", folder);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_where_and_when),
	};

	return cmocka_run_group_tests_name("hint_queue", tests, setup, teardown);
}
