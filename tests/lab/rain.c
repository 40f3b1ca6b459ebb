/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rain.c - rain ADDRESS udp|tcp COUNT SEED: so many random and mutated messages for a
 * resolver that knows dual.lab.test as 198.51.100.1. By UDP 31 at a time, and then one
 * that is sound: its answer says that all were taken, and has to be right. Every reply is
 * looked at: it is one, to a message that was sent, and repeats its question. Prints
 * "seed S: N sent, M replies, W wrong"; ends with 1 when the resolver falls silent.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define BATCH 32
#define SIZE 120
#define SOUND "\1\0\0\1\0\0\0\0\0\0\4dual\3lab\4test\0\0\1\0\1"

struct message {
	uint8_t bytes[SIZE];
	size_t size;
};

static const struct {
	const char *bytes;
	size_t size;
} seeds[] = {
#define SEED(text)                                                                       \
	{                                                                                \
		text, sizeof(text) - 1                                                   \
	}
	SEED("\1\0\0\1\0\0\0\0\0\1\4dual\3lab\4test\0\0\x1c\0\1\0\0\x29\4\xd0\0\0\x80\0\0"
	     "\0"),
	SEED("\1\0\0\1\0\0\0\0\0\1\4many\3lab\4test\0\0\1\0\1\0\0\x29\2\0\0\0\0\0\0\4\0"
	     "\13\0\0"),
	SEED("\1\0\0\1\0\0\0\0\0\1\6nodata\3lab\4test\0\0\x10\0\1\0\0\x29\x10\0\0\0\0\0\0"
	     "\xc"
	     "\0\xa\0\x8"
	     "12345678"),
	SEED("\1\x20\0\1\0\0\0\0\0\0\1"
	     "1\3100\2"
	     "51\003198\7in-addr\4arpa\0\0\xc\0\1"),
	SEED("\1\0\0\1\0\0\0\0\0\0\0\0\2\0\1"),
	SEED(SOUND),
};

static uint64_t state;
static struct message sent[65536];
static unsigned long long count_sent, replies, wrong;

/* xorshift64*. */
static uint32_t rnd(uint32_t below)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t)((state * 0x2545F4914F6CDD1DULL >> 32) % below);
}

static void set_id(struct message *message, uint16_t id)
{
	message->bytes[0] = (uint8_t)(id >> 8);
	message->bytes[1] = (uint8_t)id;
}

static void make_sound(struct message *out)
{
	memcpy(out->bytes + 2, SOUND, sizeof(SOUND) - 1);
	out->size = sizeof(SOUND) + 1;
}

static void make(struct message *out)
{
	const uint32_t kind = rnd(4), which = rnd(sizeof(seeds) / sizeof(seeds[0]));
	uint32_t changes;

	if (!kind) {
		out->size = rnd(SIZE + 1);
		for (size_t i = 0; i < out->size; i++)
			out->bytes[i] = (uint8_t)rnd(256);
		return;
	}
	memcpy(out->bytes + 2, seeds[which].bytes, seeds[which].size);
	out->size = seeds[which].size + 2;
	if (kind == 1)
		out->size = rnd((uint32_t)out->size + 1);
	if (kind == 2)
		for (uint32_t more = rnd(20); more && out->size < SIZE; more--)
			out->bytes[out->size++] = (uint8_t)rnd(256);
	for (changes = rnd(5); changes && out->size; changes--)
		out->bytes[rnd((uint32_t)out->size)] = (uint8_t)rnd(256);
}

/* Where the name at 12 ends; 0: it does not. */
static size_t name_end(const uint8_t *bytes, size_t size)
{
	size_t at = 12;

	while (at < size && bytes[at] && bytes[at] < 64)
		at += 1U + bytes[at];
	return at < size && !bytes[at] ? at + 1 : 0;
}

static bool is_right(const uint8_t *reply, size_t size)
{
	const struct message *of = &sent[reply[0] << 8 | reply[1]];
	size_t end;

	if (size < 12 || !(reply[2] & 0x80) || of->size < 12)
		return false;
	if (!reply[4] && !reply[5])
		return true;
	end = name_end(reply, size);
	if (!end || end + 4 > size || end + 4 > of->size ||
	    memcmp(reply + 12, of->bytes + 12, end + 4 - 12) != 0)
		return false;
	/* What is sound, and said to be so, has the one address. */
	if (of->size == sizeof(SOUND) + 1 &&
	    !memcmp(of->bytes + 2, SOUND, sizeof(SOUND) - 1))
		return !(reply[3] & 0xf) && !memcmp(reply + size - 4, "\306\63\144\1", 4);
	return true;
}

/* False: silence. */
static bool read_until(int fd, uint16_t id)
{
	uint8_t reply[4096];
	ssize_t got;

	while ((got = recv(fd, reply, sizeof(reply), 0)) >= 0 || errno == EINTR) {
		if (got < 2)
			continue;
		replies++;
		if (!is_right(reply, (size_t)got)) {
			wrong++;
			fprintf(stderr, "wrong: id %u, %zd bytes, flags %02x%02x\n",
				reply[0] << 8 | reply[1], got, reply[2], reply[3]);
		}
		if ((reply[0] << 8 | reply[1]) == id && reply[2] & 0x80)
			return true;
	}
	return false;
}

static bool by_udp(int fd, unsigned long long count)
{
	uint16_t id = 0;

	while (count_sent < count) {
		for (unsigned i = 0; i < BATCH; i++) {
			struct message *message = &sent[++id];
			if (i + 1 < BATCH)
				make(message);
			else
				make_sound(message);
			set_id(message, id);
			if (send(fd, message->bytes, message->size, 0) < 0)
				return false;
			count_sent++;
		}
		if (!read_until(fd, id))
			return false;
	}
	return true;
}

/* A connection each for a few of them, with a length that is theirs, or is not. */
static bool by_tcp(const struct sockaddr_in *name, unsigned long long count)
{
	while (count_sent < count) {
		const int fd = socket(AF_INET, SOCK_STREAM, 0);
		if (fd < 0 ||
		    connect(fd, (const struct sockaddr *)name, sizeof(*name)) < 0)
			return false;
		for (unsigned i = 0; i < 4; i++) {
			struct message message;
			uint8_t head[2];
			make(&message);
			head[0] = rnd(8) ? 0 : (uint8_t)rnd(256);
			head[1] = rnd(8) ? (uint8_t)message.size : (uint8_t)rnd(256);
			if (send(fd, head, 2, MSG_NOSIGNAL) < 0 ||
			    send(fd, message.bytes, message.size, MSG_NOSIGNAL) < 0)
				break;
			count_sent++;
		}
		close(fd);
	}
	return true;
}

int main(int argc, char **argv)
{
	const struct timeval patience = {10, 0};
	struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(53)};
	unsigned long long count;
	bool is_good;
	int fd;

	if (argc != 5 || inet_pton(AF_INET, argv[1], &name.sin_addr) != 1)
		return 2;
	count = strtoull(argv[3], NULL, 10);
	state = strtoull(argv[4], NULL, 10) | 1;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (fd < 0 || connect(fd, (struct sockaddr *)&name, sizeof(name)) < 0)
		return 2;
	is_good = strcmp(argv[2], "udp") ? by_tcp(&name, count) : by_udp(fd, count);
	printf("seed %s: %llu sent, %llu replies, %llu wrong\n", argv[4], count_sent,
	       replies, wrong);
	return is_good ? 0 : 1;
}
