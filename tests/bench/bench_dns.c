/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the resolver costs for an answer that it keeps: from a client's message to the
 * reply, for an AAAA that was made for NAT64. Beside a bare responder that sends the same
 * bytes to whatever comes, both by recvmmsg and sendmmsg on loopback in batches of 32;
 * only the server's part is counted, as CPU time, since others may be busy. Rounds
 * alternate, medians are printed, that of the ratios within a round as well.
 *
 * Instructions of a hit, without sockets: valgrind --tool=callgrind
 * --toggle-collect=hit tests/bench/bench_dns --hits 10000
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tool/v6guardd/dns/answer_private.h"
#include "tool/v6guardd/dns/serve_private.h"

enum { NAMES = 1000, BATCH = 32, ROUNDS = 21 };

static struct cache *cache;
static struct told told;
static unsigned long tells;
static uint8_t questions[NAMES][128];
static size_t question_size[NAMES];
static uint8_t replies[BATCH][4096];

static long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* One hit, as serve.c does it. */
__attribute__((noinline)) static size_t hit(const uint8_t *bytes, size_t size,
					    uint8_t *out)
{
	struct question question;
	struct cache_hit found;

	if (question_read(bytes, size, &question) != QUESTION_GOOD)
		abort();
	const struct cache_key key = {.name = question.name,
				      .hash = question.hash,
				      .name_length = question.name_length,
				      .type = question.type,
				      .dnssec_ok = question.dnssec_ok,
				      .synthesizes = true};
	if (!cache_get(cache, &key, 7000, 86400000, &found))
		abort();
	tells += told_is_due(&told, question.hash, 7);
	return answer_finish(&found.image, &question, found.age, 1232, 1232, out);
}

static void put_question(unsigned i)
{
	struct wire_out out;
	uint8_t name[WIRE_NAME];
	char text[64];

	snprintf(text, sizeof(text), "www%u.example.com", i);
	wire_name_parse(text, name);
	wire_write(&out, questions[i], sizeof(questions[i]));
	wire_put_u16(&out, (uint16_t)i);
	wire_put_u16(&out, WIRE_RD);
	wire_put_u16(&out, 1);
	wire_put_u32(&out, 0);
	wire_put_u16(&out, 1);
	wire_put_name(&out, name);
	wire_put_u16(&out, WIRE_AAAA);
	wire_put_u16(&out, WIRE_CLASS_IN);
	wire_put_bytes(&out, "\0\0\x29\x04\xd0\0\0\0\0\0\0", 11);
	question_size[i] = out.at;
}

static void keep_answer(unsigned i)
{
	static struct answer answer;
	static uint8_t bytes[WIRE_MAX];
	struct question question;
	struct builder builder;
	const uint8_t address[16] = {0, 0x64, 0xff, 0x9b, [12] = 192, 0, 2, 1};

	question_read(questions[i], question_size[i], &question);
	answer.bytes = bytes;
	builder_begin(&builder, &question, &answer);
	answer.ede = ANSWER_EDE_SYNTHESIZED;
	answer.is_synthesized = true;
	builder_put(&builder, ANSWER_ANSWER, question.name, WIRE_AAAA, 300, address, 16);
	builder_end(&builder, WIRE_NOERROR, 300);
	const struct cache_key key = {.name = question.name,
				      .hash = question.hash,
				      .name_length = question.name_length,
				      .type = question.type,
				      .synthesizes = true};
	cache_put(cache, &key, &answer, 0);
}

/* ---- the two servers ---- */

struct batch {
	struct mmsghdr headers[BATCH];
	struct iovec parts[BATCH];
	struct sockaddr_in names[BATCH];
	uint8_t bytes[BATCH][1024];
};

static void prepare(struct batch *batch)
{
	for (unsigned i = 0; i < BATCH; i++) {
		batch->parts[i] =
			(struct iovec){batch->bytes[i], sizeof(batch->bytes[i])};
		batch->headers[i].msg_hdr =
			(struct msghdr){.msg_name = &batch->names[i],
					.msg_namelen = sizeof(batch->names[i]),
					.msg_iov = &batch->parts[i],
					.msg_iovlen = 1};
	}
}

/* ANSWERS: look them up; else what REPLIES has. Returns the time it took. */
static long long serve(int fd, bool answers)
{
	static struct batch batch;
	const long long start = now_ns();
	int count;

	prepare(&batch);
	count = recvmmsg(fd, batch.headers, BATCH, 0, NULL);
	for (int i = 0; i < count; i++) {
		size_t size = 80;
		if (answers)
			size = hit(batch.bytes[i], batch.headers[i].msg_len, replies[i]);
		batch.parts[i] = (struct iovec){replies[i], size};
	}
	if (sendmmsg(fd, batch.headers, (unsigned)count, 0) != count)
		abort();
	return now_ns() - start;
}

static int open_socket(struct sockaddr_in *name)
{
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t length = sizeof(*name);

	*name = (struct sockaddr_in){.sin_family = AF_INET,
				     .sin_addr = {htonl(INADDR_LOOPBACK)}};
	if (fd < 0 || bind(fd, (struct sockaddr *)(void *)name, length) < 0 ||
	    getsockname(fd, (struct sockaddr *)(void *)name, &length) < 0)
		exit(1);
	return fd;
}

/* Nanoseconds a query. */
static double run(int server, int client, bool answers, unsigned queries)
{
	long long spent = 0;
	uint8_t reply[4096];

	for (unsigned done = 0; done < queries; done += BATCH) {
		for (unsigned i = 0; i < BATCH; i++) {
			const unsigned which = (done + i) % NAMES;
			if (send(client, questions[which], question_size[which], 0) < 0)
				abort();
		}
		spent += serve(server, answers);
		for (unsigned i = 0; i < BATCH; i++)
			if (recv(client, reply, sizeof(reply), 0) < 0)
				abort();
	}
	return (double)spent / queries;
}

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *list)
{
	qsort(list, ROUNDS, sizeof(list[0]), compare);
	return list[ROUNDS / 2];
}

int main(int argc, char **argv)
{
	const bool is_long = argc > 1 && !strcmp(argv[1], "--long");
	const unsigned queries = is_long ? 160000 : 6400;
	double bare[ROUNDS], ours[ROUNDS], ratios[ROUNDS];
	struct sockaddr_in server_name, client_name;
	long long start;

	cache = cache_new(16U << 20, 0);
	if (!cache)
		return 1;
	for (unsigned i = 0; i < NAMES; i++) {
		put_question(i);
		keep_answer(i);
	}
	if (argc > 2 && !strcmp(argv[1], "--hits")) {
		for (unsigned i = 0; i < (unsigned)atoi(argv[2]); i++)
			hit(questions[i % NAMES], question_size[i % NAMES], replies[0]);
		return 0;
	}
	const int server = open_socket(&server_name), client = open_socket(&client_name);
	if (connect(client, (struct sockaddr *)(void *)&server_name,
		    sizeof(server_name)) < 0)
		return 1;
	for (unsigned round = 0; round < ROUNDS; round++) {
		bare[round] = run(server, client, false, queries);
		ours[round] = run(server, client, true, queries);
		ratios[round] = ours[round] / bare[round];
	}
	start = now_ns();
	for (unsigned i = 0; i < 10 * queries; i++)
		hit(questions[i % NAMES], question_size[i % NAMES], replies[0]);
	const double alone = (double)(now_ns() - start) / (10 * queries);
	const double bare_ns = median(bare), ours_ns = median(ours);
	printf("{\"bench\": \"dns\", \"names\": %d, \"hit_ns\": %.0f, \"bare_udp_ns\": "
	       "%.0f, "
	       "\"ours_udp_ns\": %.0f, \"ours_to_bare\": %.3f, \"target\": 1.2}\n",
	       NAMES, alone, bare_ns, ours_ns, median(ratios));
	return 0;
}
