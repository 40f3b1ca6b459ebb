/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Both ends of a resolver that is measured, cheaper than it is:
 *
 *   dns_load serve PORT [DELAY-MS]
 *     An authority on 127.0.0.1 for all names: A is there, of all else nothing (with
 * SOA). Each answer leaves DELAY-MS after its question came. On SIGTERM it prints how
 * many questions there were, and ends. dns_load ask ADDRESS PORT FIRST COUNT WINDOW
 * TYPE[,TYPE] Asks for xFIRST.w.bench and the COUNT - 1 names that follow, each type of
 * each, WINDOW of them at a time. Prints a JSON object: answers with an address, others,
 * those that did not come within 3 s, and quantiles of how long one took in microseconds.
 *
 * No part of the result hangs on which of them the machine lets run: CPU is read
 * elsewhere.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "tool/v6guardd/dns/wire.h"

enum { BATCH = 64, WAITING = 4096, WINDOW = 1024, LOST_MS = 3000 };

static long long now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int open_socket(void)
{
	const int room = 4 << 20, fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		fail("socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	return fd;
}

static struct sockaddr_in name_of(const char *address, const char *port)
{
	struct sockaddr_in name = {.sin_family = AF_INET,
				   .sin_port = htons((uint16_t)atoi(port))};

	if (inet_pton(AF_INET, address, &name.sin_addr) != 1)
		fail(address);
	return name;
}

/* ---- the authority ---- */

struct packet {
	struct sockaddr_in name;
	long long due_us;
	size_t size;
	uint8_t bytes[512];
};

static struct packet ring[WAITING];
static unsigned head, tail;
static volatile sig_atomic_t is_over;

static void on_term(int number)
{
	(void)number;
	is_over = 1;
}

/* Question, and behind it what there is to say; 0: it is none. */
static size_t answer(uint8_t *bytes, size_t size)
{
	static const uint8_t zone[] = "\1w\5bench";
	/* Of the world: others are not embedded in the Well-Known Prefix. */
	const uint8_t address[4] = {45, 9, 9, 9};
	uint8_t name[WIRE_NAME];
	struct wire_in in = wire_read(bytes, size);
	struct wire_out out;
	uint16_t type;
	size_t at;

	in.at = WIRE_HEADER;
	if (!wire_name(&in, name))
		return 0;
	type = wire_u16(&in);
	wire_u16(&in);
	if (in.failed)
		return 0;
	wire_write(&out, bytes, 512);
	out.at = in.at;
	out.targets[out.target_count++] = WIRE_HEADER;
	at = wire_begin_rr(&out, type == WIRE_A ? name : zone,
			   type == WIRE_A ? WIRE_A : WIRE_SOA, 3600);
	if (type == WIRE_A) {
		wire_put_bytes(&out, address, sizeof(address));
	} else {
		wire_put_name(&out, zone);
		wire_put_name(&out, zone);
		for (unsigned i = 0; i < 5; i++)
			wire_put_u32(&out, 3600);
	}
	wire_end_rr(&out, at);
	wire_set_u16(bytes + 2, (uint16_t)(WIRE_QR | WIRE_AA | (bytes[2] & 1) << 8));
	wire_set_u16(bytes + 6, type == WIRE_A);
	wire_set_u16(bytes + 8, type != WIRE_A);
	wire_set_u16(bytes + 10, 0);
	return out.at;
}

static void take(int fd, long long delay_us, unsigned long *count)
{
	while (head - tail < WAITING) {
		struct packet *packet = &ring[head % WAITING];
		socklen_t length = sizeof(packet->name);
		const ssize_t got =
			recvfrom(fd, packet->bytes, sizeof(packet->bytes), MSG_DONTWAIT,
				 (struct sockaddr *)(void *)&packet->name, &length);
		if (got < 0)
			return;
		packet->size = answer(packet->bytes, (size_t)got);
		packet->due_us = now_us() + delay_us;
		++*count;
		head++;
		if (!delay_us)
			return;
	}
}

static void send_due(int fd)
{
	while (tail != head && ring[tail % WAITING].due_us <= now_us()) {
		const struct packet *packet = &ring[tail++ % WAITING];
		sendto(fd, packet->bytes, packet->size, 0,
		       (const struct sockaddr *)(const void *)&packet->name,
		       sizeof(packet->name));
	}
}

static struct timespec until_due(void)
{
	long long left = 1000000;

	if (tail != head)
		left = ring[tail % WAITING].due_us - now_us();
	if (left < 0)
		left = 0;
	return (struct timespec){left / 1000000, left % 1000000 * 1000};
}

static int serve(const char *port, long long delay_us)
{
	const struct sockaddr_in name = name_of("127.0.0.1", port);
	const struct sigaction action = {.sa_handler = on_term};
	struct pollfd readable = {.fd = open_socket(), .events = POLLIN};
	unsigned long count = 0;

	sigaction(SIGTERM, &action, NULL);
	if (bind(readable.fd, (const struct sockaddr *)(const void *)&name,
		 sizeof(name)) < 0)
		fail("bind");
	while (!is_over) {
		const struct timespec patience = until_due();
		ppoll(&readable, 1, &patience, NULL);
		take(readable.fd, delay_us, &count);
		send_due(readable.fd);
	}
	printf("%lu\n", count);
	return 0;
}

/* ---- the client ---- */

static struct {
	long long sent_us; /* 0: nothing is waited for */
	unsigned long question;
} slots[WINDOW];
static struct {
	unsigned long next, end, first;
	unsigned type_count, window;
	uint16_t types[2];
	unsigned long good, other, lost;
	float *took_us;
} work;

static size_t put_question(uint8_t bytes[512], unsigned slot, unsigned long question)
{
	uint8_t name[WIRE_NAME];
	struct wire_out out;
	char text[64];

	snprintf(text, sizeof(text), "x%lu.w.bench",
		 work.first + question / work.type_count);
	wire_name_parse(text, name);
	wire_write(&out, bytes, 512);
	wire_put_u16(&out, (uint16_t)slot);
	wire_put_u16(&out, WIRE_RD);
	wire_put_u16(&out, 1);
	wire_put_u32(&out, 0);
	wire_put_u16(&out, 0);
	wire_put_name(&out, name);
	wire_put_u16(&out, work.types[question % work.type_count]);
	wire_put_u16(&out, WIRE_CLASS_IN);
	return out.at;
}

static void ask_in(int fd, unsigned slot)
{
	uint8_t bytes[512];

	slots[slot].sent_us = 0;
	if (work.next == work.end)
		return;
	slots[slot].question = work.next++;
	slots[slot].sent_us = now_us();
	if (send(fd, bytes, put_question(bytes, slot, slots[slot].question), 0) < 0 &&
	    errno != ECONNREFUSED)
		fail("send");
}

/* Of an answer that comes after all, once its slot asks for something else, the name says
 * so.
 */
static bool is_answer_to(const uint8_t *bytes, size_t size, unsigned slot)
{
	uint8_t expected[512];
	const size_t length = slots[slot].sent_us
				      ? put_question(expected, slot, slots[slot].question)
				      : 0;

	return length && size >= length &&
	       !memcmp(bytes + WIRE_HEADER, expected + WIRE_HEADER, length - WIRE_HEADER);
}

static void take_answers(int fd)
{
	uint8_t bytes[2048];
	ssize_t got;

	while ((got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) >= WIRE_HEADER) {
		const unsigned slot = wire_peek_u16(bytes);
		if (slot >= work.window || !is_answer_to(bytes, (size_t)got, slot))
			continue;
		work.took_us[work.good + work.other] =
			(float)(now_us() - slots[slot].sent_us);
		if (!(bytes[3] & 0xf) && wire_peek_u16(bytes + 6))
			work.good++;
		else
			work.other++;
		ask_in(fd, slot);
	}
}

/* How many are waited for. */
static unsigned give_up(int fd)
{
	const long long now = now_us();
	unsigned waiting = 0;

	for (unsigned i = 0; i < work.window; i++) {
		if (slots[i].sent_us && now - slots[i].sent_us > LOST_MS * 1000LL) {
			work.lost++;
			ask_in(fd, i);
		}
		waiting += slots[i].sent_us != 0;
	}
	return waiting;
}

static int compare(const void *a, const void *b)
{
	const float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

static int ask(int fd)
{
	struct pollfd readable = {.fd = fd, .events = POLLIN};
	const long long start = now_us();
	unsigned long count;

	work.took_us = calloc(work.end, sizeof(work.took_us[0]));
	if (!work.took_us)
		fail("calloc");
	for (unsigned i = 0; i < work.window; i++)
		ask_in(fd, i);
	do {
		if (poll(&readable, 1, 100) > 0)
			take_answers(fd);
	} while (give_up(fd));
	count = work.good + work.other;
	qsort(work.took_us, count, sizeof(work.took_us[0]), compare);
	printf("{\"good\": %lu, \"other\": %lu, \"lost\": %lu, \"seconds\": %.3f, "
	       "\"p50_us\": %.0f, \"p99_us\": %.0f}\n",
	       work.good, work.other, work.lost, (double)(now_us() - start) / 1e6,
	       count ? (double)work.took_us[count / 2] : 0,
	       count ? (double)work.took_us[count * 99 / 100] : 0);
	return work.good ? 0 : 1;
}

static int ask_all(char **words)
{
	const struct sockaddr_in name = name_of(words[0], words[1]);
	const int fd = open_socket();
	char *type = strtok(words[5], ",");

	for (; type && work.type_count < 2; type = strtok(NULL, ","))
		work.types[work.type_count++] = !strcmp(type, "A") ? WIRE_A : WIRE_AAAA;
	work.first = strtoul(words[2], NULL, 10);
	work.end = strtoul(words[3], NULL, 10) * work.type_count;
	work.window = (unsigned)atoi(words[4]);
	if (!work.window || work.window > WINDOW || !work.end)
		return 2;
	if (connect(fd, (const struct sockaddr *)(const void *)&name, sizeof(name)) < 0)
		fail("connect");
	return ask(fd);
}

int main(int argc, char **argv)
{
	if (argc >= 3 && !strcmp(argv[1], "serve"))
		return serve(argv[2], argc > 3 ? atoi(argv[3]) * 1000LL : 0);
	if (argc == 8 && !strcmp(argv[1], "ask"))
		return ask_all(argv + 2);
	fputs("dns_load serve PORT [DELAY-MS] | ask ADDRESS PORT FIRST COUNT WINDOW "
	      "TYPE[,TYPE]\n",
	      stderr);
	return 2;
}
