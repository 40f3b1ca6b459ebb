/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * error_dns.h - a name server for test_oracle_errors, in a process of its own that dies
 * with the test. What it says goes by the first label:
 *
 *	dual A and AAAA; aonly; sixonly; nodata neither; servfail and refused: that RCODE;
 *	anything else does not exist. A reverse name has a PTR if it begins with 1.
 */
#ifndef TESTS_UNIT_ERROR_DNS_H
#define TESTS_UNIT_ERROR_DNS_H

#include <arpa/inet.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TYPE_A = 1, TYPE_PTR = 12, TYPE_AAAA = 28 };

static bool starts_with(const uint8_t *label, const char *text)
{
	return label[0] == strlen(text) && !memcmp(label + 1, text, label[0]);
}

/* Bytes of a record of TYPE at the name that was asked, behind AT; 0: there is none. */
static size_t put_record(uint8_t *at, const uint8_t *label, unsigned type)
{
	static const uint8_t ipv4[] = {198, 51, 100, 1};
	static const uint8_t ipv6[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 0x64, [15] = 1};
	static const uint8_t host[] = "\4dual\4test"; /* with its last zero */
	const bool has_ipv4 = starts_with(label, "dual") || starts_with(label, "aonly");
	const bool has_ipv6 = starts_with(label, "dual") || starts_with(label, "sixonly");
	const uint8_t *data = NULL;
	size_t size = 0;

	if (type == TYPE_A && has_ipv4)
		data = ipv4, size = sizeof(ipv4);
	else if (type == TYPE_AAAA && has_ipv6)
		data = ipv6, size = sizeof(ipv6);
	else if (type == TYPE_PTR && starts_with(label, "1"))
		data = host, size = sizeof(host);
	if (!data)
		return 0;
	memcpy(at, "\xc0\x0c\0\0\0\1\0\0\0\x3c\0", 12);
	at[3] = (uint8_t)type;
	at[11] = (uint8_t)size;
	memcpy(at + 12, data, size);
	return 12 + size;
}

static unsigned rcode_of(const uint8_t *label, unsigned type)
{
	static const char *const known[] = {"dual", "aonly", "sixonly", "nodata"};

	if (starts_with(label, "servfail"))
		return 2;
	if (starts_with(label, "refused"))
		return 5;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (starts_with(label, known[i]))
			return 0;
	return type == TYPE_PTR && starts_with(label, "1") ? 0 : 3;
}

/* The question becomes its answer. Returns its size. */
static size_t answer_question(uint8_t *message, size_t size)
{
	const uint8_t *label = message + 12;
	size_t at = 12, more;

	while (at < size && message[at])
		at += message[at] + 1U;
	if (at + 5 > size)
		return 0;
	size = at + 5;
	message[2] |= 0x80;
	message[3] = (uint8_t)(0x80 | rcode_of(label, message[at + 2]));
	more = put_record(message + size, label, message[at + 2]);
	memset(message + 6, 0, 6);
	message[7] = more != 0;
	return size + more;
}

static void serve(int fd)
{
	for (;;) {
		struct sockaddr_storage from;
		socklen_t length = sizeof(from);
		uint8_t message[1024];
		ssize_t got = recvfrom(fd, message, sizeof(message) - 64, 0,
				       (struct sockaddr *)&from, &length);
		size_t size = got > 12 ? answer_question(message, (size_t)got) : 0;

		if (size)
			(void)sendto(fd, message, size, 0, (struct sockaddr *)&from,
				     length);
	}
}

/* On 127.0.0.1; false: it cannot be had. */
static bool start_name_server(void)
{
	const struct sockaddr_in at = {.sin_family = AF_INET,
				       .sin_port = htons(53),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	pid_t pid;

	if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof(at)))
		return false;
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(fd);
	}
	close(fd);
	return pid > 0;
}

#endif
