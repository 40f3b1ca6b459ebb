/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The door's sockets, on loopback: who is answered from where, and clients of every kind.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "driven_clock.h"
#include "tool/v6guardd/dns/listen_bind.h"

/* What the resolver does with a message is what its first byte says. */
#define ECHO 'e'
#define LATER 'l'
#define IGNORE 'i'
#define LARGE 'x' /* an answer of 2 000 bytes */

struct world {
	struct event_base *base;
	struct listen *listen;
	struct listen_fds fds;
	struct sockaddr_in udp, tcp;
	struct listen_client kept[LISTEN_PIPELINE * 2];
	uint8_t kept_bytes[LISTEN_PIPELINE * 2];
	size_t kept_count, taken;
};

static void on_message(void *ctx, const struct listen_client *client,
		       const uint8_t *bytes, size_t size)
{
	static const uint8_t large[2000];
	struct world *world = ctx;

	world->taken++;
	if (bytes[0] == ECHO)
		listen_send(client, bytes, size);
	if (bytes[0] == IGNORE)
		listen_ignore(client);
	if (bytes[0] == LARGE)
		listen_send(client, large, sizeof(large));
	if (bytes[0] == LATER) {
		assert_true(world->kept_count < sizeof(world->kept_bytes));
		world->kept_bytes[world->kept_count] = size > 1 ? bytes[1] : 0;
		world->kept[world->kept_count++] = *client;
	}
}

static struct sockaddr_in name_of(int fd)
{
	struct sockaddr_in name;
	socklen_t length = sizeof(name);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &length), 0);
	return name;
}

static void begin(struct world *world, const char *address)
{
	struct dns_endpoint endpoint = {.port = 0};
	char why[LISTEN_WHY];

	memset(world, 0, sizeof(*world));
	assert_int_equal(gp_addr_parse(address, &endpoint.addr), GP_OK);
	if (!listen_bind(&endpoint, &world->fds, why))
		fail_msg("%s", why);
	world->udp = name_of(world->fds.udp);
	world->tcp = name_of(world->fds.tcp);
	world->base = event_base_new();
	assert_non_null(world->base);
	world->listen = listen_new(world->base, &world->fds, 1, on_message, world);
	assert_non_null(world->listen);
}

static void end(struct world *world)
{
	listen_free(world->listen);
	listen_close(&world->fds);
	event_base_free(world->base);
}

static void run(struct world *world)
{
	for (unsigned i = 0; i < 8; i++)
		event_base_loop(world->base, EVLOOP_NONBLOCK);
}

static void pass(struct world *world, long ms)
{
	event_base_loopexit(world->base, &(struct timeval){ms / 1000, ms % 1000 * 1000});
	event_base_dispatch(world->base);
}

/* A client at FROM (NULL: any) of what NAME names, at TO if that is given. */
static int client_of(int type, const struct sockaddr_in *name, const char *from,
		     const char *to)
{
	const int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	struct sockaddr_in own = {.sin_family = AF_INET}, peer = *name;

	assert_true(fd >= 0);
	if (from) {
		assert_int_equal(inet_pton(AF_INET, from, &own.sin_addr), 1);
		assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof(own)), 0);
	}
	if (to)
		assert_int_equal(inet_pton(AF_INET, to, &peer.sin_addr), 1);
	assert_int_equal(connect(fd, (struct sockaddr *)&peer, sizeof(peer)), 0);
	return fd;
}

/* What there is to be read now; 0: the end, -1: nothing. */
static ssize_t take(int fd, void *bytes, size_t size)
{
	clock_settle();
	return recv(fd, bytes, size, MSG_DONTWAIT);
}

/* ---- UDP ---- */

/* RFC 1123 6.1.3.2 via RFC 2181 4: from the address that was asked. */
static void from_the_asked_address(void **state)
{
	static const char *const asked[] = {"127.0.0.1", "127.1.2.3", "127.255.0.9"};
	struct world world;
	uint8_t bytes[64];
	int fds[3];

	(void)state;
	begin(&world, "0.0.0.0");
	for (size_t i = 0; i < 3; i++) {
		fds[i] = client_of(SOCK_DGRAM, &world.udp, NULL, asked[i]);
		assert_int_equal(send(fds[i], "e1", 2, 0), 2);
		assert_int_equal(send(fds[i], "l2", 2, 0), 2);
	}
	run(&world);
	assert_int_equal(world.kept_count, 3);
	for (size_t i = 0; i < 3; i++) {
		/* Connected: what another address sends does not arrive. */
		assert_int_equal(take(fds[i], bytes, sizeof(bytes)), 2);
		assert_int_equal(take(fds[i], bytes, sizeof(bytes)), -1);
		listen_send(&world.kept[i], (const uint8_t *)"later", 5);
		assert_int_equal(take(fds[i], bytes, sizeof(bytes)), 5);
		close(fds[i]);
	}
	end(&world);
}

/* One is dropped, another takes its place: who still waits by the old one gets nothing,
 * and nobody else gets it. */
static void another_place(void **state)
{
	struct dns_endpoint endpoint = {.port = 0};
	struct listen_fds other;
	char why[LISTEN_WHY];
	struct world world;
	uint8_t bytes[64];
	int old, new;

	(void)state;
	begin(&world, "127.0.0.1");
	old = client_of(SOCK_DGRAM, &world.udp, NULL, NULL);
	assert_int_equal(send(old, "l1", 2, 0), 2);
	run(&world);
	assert_int_equal(world.kept_count, 1);
	listen_drop(world.listen, 0);
	listen_close(&world.fds);
	assert_int_equal(gp_addr_parse("127.0.0.9", &endpoint.addr), GP_OK);
	assert_true(listen_bind(&endpoint, &other, why));
	assert_true(listen_add(world.listen, 0, &other));
	world.fds = other;
	world.udp = name_of(other.udp);
	new = client_of(SOCK_DGRAM, &world.udp, NULL, NULL);
	assert_int_equal(send(new, "e2", 2, 0), 2);
	run(&world);
	assert_int_equal(take(new, bytes, sizeof(bytes)), 2);
	listen_send(&world.kept[0], (const uint8_t *)"late", 4);
	assert_int_equal(take(old, bytes, sizeof(bytes)), -1);
	assert_int_equal(take(new, bytes, sizeof(bytes)), -1);
	close(old);
	close(new);
	end(&world);
}

/* RFC 8900 4: DF, so that nobody on the way cuts it; by loopback it fits (t_dns_listen.sh
 * has narrow ways). */
static void no_fragment(void **state)
{
	struct world world;
	uint8_t bytes[4096];
	int value, fd;
	socklen_t length = sizeof(value);

	(void)state;
	begin(&world, "127.0.0.1");
	assert_int_equal(
		getsockopt(world.fds.udp, IPPROTO_IP, IP_MTU_DISCOVER, &value, &length),
		0);
	assert_int_equal(value, IP_PMTUDISC_DO);
	fd = client_of(SOCK_DGRAM, &world.udp, NULL, NULL);
	assert_int_equal(send(fd, "x", 1, 0), 1);
	run(&world);
	assert_int_equal(take(fd, bytes, sizeof(bytes)), 2000);
	close(fd);
	end(&world);
}

static void long_messages(void **state)
{
	struct world world;
	uint8_t bytes[1025] = {ECHO};
	int fd;

	(void)state;
	begin(&world, "127.0.0.1");
	fd = client_of(SOCK_DGRAM, &world.udp, NULL, NULL);
	assert_int_equal(send(fd, bytes, 1025, 0), 1025);
	assert_int_equal(send(fd, bytes, 1024, 0), 1024);
	run(&world);
	assert_int_equal(world.taken, 1);
	assert_int_equal(take(fd, bytes, sizeof(bytes)), 1024);
	close(fd);
	end(&world);
}

/* In the name of a service that answers whatever comes (RFC 864, 865, 867). */
static void answered_for_ever(void **state)
{
	struct sockaddr_in own = {.sin_family = AF_INET};
	struct world world;

	(void)state;
	begin(&world, "127.0.0.1");
	for (in_port_t port = 13; port < 20; port += port == 13 ? 4 : 2) {
		const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		own.sin_port = htons(port);
		/* Not everybody may have such a port. */
		if (!bind(fd, (struct sockaddr *)&own, sizeof(own)))
			sendto(fd, "e", 1, 0, (struct sockaddr *)&world.udp, sizeof(own));
		run(&world);
		assert_int_equal(world.taken, 0);
		close(fd);
	}
	end(&world);
}

/* ---- TCP ---- */

static void put(int fd, const char *bytes, size_t size)
{
	assert_int_equal(send(fd, bytes, size, MSG_NOSIGNAL), (ssize_t)size);
}

/* RFC 7766 8: a message may come in as many pieces as it has bytes; 6.2.1.1: several in
 * one. */
static void pieces(void **state)
{
	static const char two[] = "\0\2e1\0\3e22";
	struct world world;
	uint8_t bytes[64];
	const int on = 1;
	int fd;

	(void)state;
	begin(&world, "127.0.0.1");
	fd = client_of(SOCK_STREAM, &world.tcp, NULL, NULL);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	run(&world);
	for (size_t i = 0; i + 1 < sizeof(two); i++) {
		put(fd, two + i, 1);
		run(&world);
	}
	assert_int_equal(take(fd, bytes, sizeof(bytes)), sizeof(two) - 1);
	assert_memory_equal(bytes, two, sizeof(two) - 1);
	put(fd, two, sizeof(two) - 1);
	run(&world);
	assert_int_equal(take(fd, bytes, sizeof(bytes)), sizeof(two) - 1);
	close(fd);
	run(&world);
	assert_int_equal(listen_connections(world.listen), 0);
	end(&world);
}

/* RFC 7766 7: as they come; 6.2.1.1: no more at a time than we take. */
static void pipeline(void **state)
{
	struct world world;
	uint8_t bytes[4096];
	ssize_t size;
	size_t got;
	int fd;

	(void)state;
	begin(&world, "127.0.0.1");
	fd = client_of(SOCK_STREAM, &world.tcp, NULL, NULL);
	for (unsigned i = 0; i < LISTEN_PIPELINE + 10; i++)
		put(fd, (char[]){0, 2, LATER, (char)i}, 4);
	run(&world);
	assert_int_equal(world.taken, LISTEN_PIPELINE);
	/* The last one first. */
	for (size_t i = LISTEN_PIPELINE; i--;)
		listen_send(&world.kept[i], &world.kept_bytes[i], 1);
	run(&world);
	assert_int_equal(world.taken, LISTEN_PIPELINE + 10);
	for (size_t i = LISTEN_PIPELINE; i < world.kept_count; i++)
		listen_send(&world.kept[i], &world.kept_bytes[i], 1);
	run(&world);
	got = (size_t)take(fd, bytes, sizeof(bytes));
	assert_int_equal(got, 3 * (LISTEN_PIPELINE + 10));
	assert_int_equal(bytes[2], LISTEN_PIPELINE - 1);
	assert_int_equal(bytes[got - 1], LISTEN_PIPELINE + 9);
	/* More than is held for a client, but this one reads all the while. */
	for (unsigned i = 0; i < 300; i++)
		put(fd, "\0\1x", 3);
	for (got = 0; run(&world), (size = take(fd, bytes, sizeof(bytes))) > 0;)
		got += (size_t)size;
	assert_int_equal(got, 300 * 2002);
	close(fd);
	end(&world);
}

/* RFC 7766 6.2.4: a client that says no more may still wait. */
static void half_closed(void **state)
{
	struct world world;
	uint8_t bytes[64];
	int fd;

	(void)state;
	begin(&world, "127.0.0.1");
	fd = client_of(SOCK_STREAM, &world.tcp, NULL, NULL);
	put(fd, "\0\2l1\0\2l2", 8);
	shutdown(fd, SHUT_WR);
	run(&world);
	assert_int_equal(world.kept_count, 2);
	listen_send(&world.kept[1], (const uint8_t *)"2", 1);
	run(&world);
	assert_int_equal(take(fd, bytes, sizeof(bytes)), 3);
	listen_ignore(&world.kept[0]);
	run(&world);
	/* Nothing is left to be said. */
	listen_send(&world.kept[0], (const uint8_t *)"1", 1);
	close(fd);
	end(&world);
}

/* It is gone before its answer is there; its place has another one by then. */
static void gone(void **state)
{
	const struct linger at_once = {1, 0};
	struct world world;
	uint8_t bytes[64];
	int fd;

	(void)state;
	begin(&world, "127.0.0.1");
	fd = client_of(SOCK_STREAM, &world.tcp, NULL, NULL);
	put(fd, "\0\2l1", 4);
	run(&world);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(fd);
	run(&world);
	assert_int_equal(listen_connections(world.listen), 0);
	fd = client_of(SOCK_STREAM, &world.tcp, NULL, NULL);
	run(&world);
	listen_send(&world.kept[0], (const uint8_t *)"for the other", 13);
	run(&world);
	assert_int_equal(take(fd, bytes, sizeof(bytes)), -1);
	close(fd);
	end(&world);
}

static void no_length(void **state)
{
	struct world world;
	char byte;
	int fd;

	(void)state;
	begin(&world, "127.0.0.1");
	for (unsigned i = 0; i < 2; i++) {
		fd = client_of(SOCK_STREAM, &world.tcp, NULL, NULL);
		put(fd, i ? "\0\0" : "\4\1", 2);
		run(&world);
		/* What it says after that comes to nobody. */
		assert_int_equal(take(fd, &byte, 1), 0);
		close(fd);
	}
	end(&world);
}

/* ---- places ---- */

static void many_of_one(void **state)
{
	struct world world;
	int fds[LISTEN_PER_CLIENT + 5], other;
	uint8_t bytes[16];

	(void)state;
	begin(&world, "127.0.0.1");
	for (size_t i = 0; i < LISTEN_PER_CLIENT + 5; i++)
		fds[i] = client_of(SOCK_STREAM, &world.tcp, "127.0.0.2", NULL);
	for (unsigned i = 0; i < 8; i++)
		run(&world);
	assert_int_equal(listen_connections(world.listen), LISTEN_PER_CLIENT);
	assert_int_equal(take(fds[LISTEN_PER_CLIENT], bytes, 1), 0);
	assert_int_equal(take(fds[0], bytes, 1), -1);
	other = client_of(SOCK_STREAM, &world.tcp, "127.0.0.3", NULL);
	put(other, "\0\1e", 3);
	run(&world);
	assert_int_equal(take(other, bytes, sizeof(bytes)), 3);
	for (size_t i = 0; i < LISTEN_PER_CLIENT + 5; i++)
		close(fds[i]);
	close(other);
	run(&world);
	assert_int_equal(listen_connections(world.listen), 0);
	end(&world);
}

/* RFC 7766 6.2.3: who has been idle for longest makes room; who waits does not. */
static void full(void **state)
{
	struct world world;
	int fds[LISTEN_CONNECTIONS + 1];
	uint8_t bytes[16];
	char from[32];

	(void)state;
	begin(&world, "127.0.0.1");
	for (size_t i = 0; i <= LISTEN_CONNECTIONS; i++) {
		snprintf(from, sizeof(from), "127.0.1.%zu", 1 + i / 60);
		fds[i] = client_of(SOCK_STREAM, &world.tcp, from, NULL);
		run(&world);
		/* The first two wait for an answer; a byte makes the third no younger. */
		if (i < 2)
			put(fds[i], "\0\1l", 3);
		if (i == 100)
			put(fds[2], "\0", 1);
		if (i % 16 == 0)
			pass(&world, 2);
	}
	put(fds[LISTEN_CONNECTIONS], "\0\1e", 3);
	run(&world);
	assert_int_equal(listen_connections(world.listen), LISTEN_CONNECTIONS);
	assert_int_equal(take(fds[LISTEN_CONNECTIONS], bytes, sizeof(bytes)), 3);
	assert_int_equal(take(fds[0], bytes, 1), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(take(fds[1], bytes, 1), -1);
	assert_int_equal(errno, EAGAIN);
	for (size_t i = 0; i < world.kept_count; i++)
		listen_send(&world.kept[i], (const uint8_t *)"1", 1);
	run(&world);
	assert_int_equal(take(fds[0], bytes, sizeof(bytes)), 3);
	for (size_t i = 0; i <= LISTEN_CONNECTIONS; i++)
		close(fds[i]);
	end(&world);
}

/* ---- no descriptor is left ---- */

static double cpu_s(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* Somebody waits to be accepted, and nothing is left to do that with: asleep all the
 * same, and on when there is one again. In a process of its own. */
static void wait_for_descriptors(void)
{
	struct rlimit limit;
	struct world world;
	double before;
	int fd, dups[256];
	size_t count = 0;
	uint8_t bytes[16];

	begin(&world, "127.0.0.1");
	fd = client_of(SOCK_STREAM, &world.tcp, NULL, NULL);
	put(fd, "\0\1e", 3);
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = 64;
	setrlimit(RLIMIT_NOFILE, &limit);
	while (count < 256 && (dups[count] = dup(fd)) >= 0)
		count++;
	/* A second that takes one, or nobody could be seen to be awake in it. */
	clock_jumps = false;
	before = cpu_s();
	pass(&world, 1000);
	print_message("a second without a descriptor: %.1f ms of CPU\n",
		      1000 * (cpu_s() - before));
	if (cpu_s() - before > 0.1)
		_exit(2);
	if (take(fd, bytes, sizeof(bytes)) != -1)
		_exit(3);
	while (count)
		close(dups[--count]);
	clock_jumps = true;
	pass(&world, 300);
	_exit(take(fd, bytes, sizeof(bytes)) == 3 ? 0 : 4);
}

static void no_descriptor(void **state)
{
	const pid_t child = fork();
	int status;

	(void)state;
	assert_true(child >= 0);
	if (!child)
		wait_for_descriptors();
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* Where descriptors are few, so are connections: lookups need some. */
static void few_descriptors(void **state)
{
	const pid_t child = fork();
	int status;

	(void)state;
	assert_true(child >= 0);
	if (!child) {
		struct rlimit limit;
		struct world world;
		getrlimit(RLIMIT_NOFILE, &limit);
		limit.rlim_cur = 120;
		setrlimit(RLIMIT_NOFILE, &limit);
		begin(&world, "127.0.0.1");
		for (unsigned i = 0; i < 40; i++) {
			client_of(SOCK_STREAM, &world.tcp, NULL, NULL);
			run(&world);
		}
		_exit(listen_connections(world.listen) == 30 ? 0 : 5);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* ---- who has the port ---- */

static void taken(void **state)
{
	struct world world;
	struct dns_endpoint endpoint;
	struct listen_fds fds;
	char why[LISTEN_WHY], who[64];

	(void)state;
	begin(&world, "127.0.0.5");
	endpoint.port = ntohs(world.udp.sin_port);
	snprintf(who, sizeof(who), "(pid %d)", (int)getpid());
	assert_int_equal(gp_addr_parse("127.0.0.5", &endpoint.addr), GP_OK);
	assert_false(listen_bind(&endpoint, &fds, why));
	assert_non_null(strstr(why, who));
	/* All addresses: this one among them. */
	assert_int_equal(gp_addr_parse("0.0.0.0", &endpoint.addr), GP_OK);
	assert_false(listen_bind(&endpoint, &fds, why));
	assert_non_null(strstr(why, who));
	assert_int_equal(fds.udp, -1);
	end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_the_asked_address),
		cmocka_unit_test(another_place),
		cmocka_unit_test(no_fragment),
		cmocka_unit_test(long_messages),
		cmocka_unit_test(pieces),
		cmocka_unit_test(pipeline),
		cmocka_unit_test(answered_for_ever),
		cmocka_unit_test(half_closed),
		cmocka_unit_test(gone),
		cmocka_unit_test(no_length),
		cmocka_unit_test(many_of_one),
		cmocka_unit_test(full),
		cmocka_unit_test(no_descriptor),
		cmocka_unit_test(few_descriptors),
		cmocka_unit_test(taken),
	};
	return clock_jumps_with_loopback() ? cmocka_run_group_tests(tests, NULL, NULL)
					   : 1;
}
