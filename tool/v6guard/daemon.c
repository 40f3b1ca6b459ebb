/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon.c - a line to v6guardd, and its answer. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon.h"
#include "guard/clock.h"
#include "paths.h"

#define REPLY_MAX (4UL << 20)
#define REPLY_STEP 16384UL
#define LINE_SIZE 512

static bool set_limit(int fd, int limit_ms)
{
	const struct timeval limit = {limit_ms / 1000, limit_ms % 1000 * 1000L};

	/* It bounds connect() as well: one to a full queue would wait for ever. */
	return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0;
}

/* -1 and errno. */
static int dial(int limit_ms)
{
	const struct sockaddr_un name = {.sun_family = AF_UNIX,
					 .sun_path = GP_CONTROL_PATH};
	const struct sockaddr *addr = (const struct sockaddr *)(const void *)&name;
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int status = -1;

	if (fd < 0)
		return -1;
	/* A local connection that was interrupted can simply be tried again. */
	if (set_limit(fd, limit_ms))
		do
			status = connect(fd, addr, sizeof(name));
		while (status < 0 && errno == EINTR);
	if (status == 0)
		return fd;
	const int error = errno;
	close(fd);
	errno = error;
	return -1;
}

static bool send_line(int fd, const char *line)
{
	char bytes[LINE_SIZE];
	const int length = snprintf(bytes, sizeof(bytes), "%s\n", line);
	size_t sent = 0;

	if (length < 0 || (size_t)length >= sizeof(bytes)) {
		errno = EMSGSIZE;
		return false;
	}
	while (sent < (size_t)length) {
		const ssize_t got =
			send(fd, bytes + sent, (size_t)length - sent, MSG_NOSIGNAL);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return false;
		sent += (size_t)got;
	}
	return true;
}

/* Up to DEADLINE: bytes that are there, 0 at the end; -1 and errno. */
static ssize_t receive(int fd, char *buf, size_t size, long long deadline_ms)
{
	for (;;) {
		struct pollfd waits = {.fd = fd, .events = POLLIN};
		const long long left = deadline_ms - gp_boot_ms();
		const int ready = left > 0 ? poll(&waits, 1, (int)left) : 0;
		if (ready == 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		const ssize_t got = ready < 0 ? -1 : recv(fd, buf, size, MSG_DONTWAIT);
		if (got >= 0 || (errno != EINTR && errno != EAGAIN))
			return got;
	}
}

/* The whole reply, malloc'd; NULL and errno. */
static char *receive_all(int fd, long long deadline_ms, size_t *size)
{
	size_t room = 0;
	ssize_t got = 0;
	char *bytes = NULL;

	*size = 0;
	do {
		*size += (size_t)got;
		if (*size > REPLY_MAX) {
			errno = EMSGSIZE;
			goto fail;
		}
		if (room - *size < REPLY_STEP) {
			room = 2 * room + REPLY_STEP;
			char *grown = realloc(bytes, room);
			if (!grown)
				goto fail;
			bytes = grown;
		}
		got = receive(fd, bytes + *size, room - *size, deadline_ms);
	} while (got > 0);
	if (got == 0)
		return bytes;
fail:
	free(bytes);
	return NULL;
}

/* What others wrote goes to a terminal. */
static void say(struct daemon_reply *out, const char *text)
{
	snprintf(out->trouble, sizeof(out->trouble), "%s", text);
	for (char *at = out->trouble; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = '?';
}

static enum daemon_answer fail(struct daemon_reply *out, int error)
{
	char text[128];

	if (error == ENOENT || error == ECONNREFUSED || error == ENOTDIR) {
		say(out, "v6guardd is not running");
		return DAEMON_ABSENT;
	}
	if (error == ETIMEDOUT || error == EAGAIN)
		snprintf(text, sizeof(text), "v6guardd does not answer");
	else
		snprintf(text, sizeof(text), "%s: %s", GP_CONTROL_PATH, strerror(error));
	say(out, text);
	return DAEMON_FAILED;
}

static enum daemon_answer understand(const char *bytes, size_t size,
				     struct daemon_reply *out)
{
	json_t *json = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, NULL);
	const char *error = json_string_value(json_object_get(json, "error"));

	if (!json_is_object(json)) {
		json_decref(json);
		say(out, size ? "v6guardd's answer cannot be understood"
			      : "v6guardd gives no answer");
		return DAEMON_FAILED;
	}
	/* A reload that went wrong is an answer, with an error in it. */
	if (error && !json_object_get(json, "ok")) {
		say(out, error[0] ? error : "v6guardd refuses, and does not say why");
		json_decref(json);
		return DAEMON_REFUSED;
	}
	out->json = json;
	return DAEMON_ANSWERED;
}

static enum daemon_answer ask(const char *line, int limit_ms, struct daemon_reply *out)
{
	const long long deadline_ms = gp_boot_ms() + limit_ms;
	enum daemon_answer answer;
	size_t size = 0;

	*out = (struct daemon_reply){.json = NULL};
	const int fd = dial(limit_ms);
	if (fd < 0)
		return fail(out, errno);
	char *bytes = send_line(fd, line) ? receive_all(fd, deadline_ms, &size) : NULL;
	if (bytes)
		answer = understand(bytes, size, out);
	else
		answer = fail(out, errno);
	free(bytes);
	close(fd);
	return answer;
}

enum daemon_answer daemon_ask(const struct cli *cli, const char *line, int limit_ms,
			      struct daemon_reply *out)
{
	if (!cli->root[0])
		return ask(line, limit_ms, out);
	*out = (struct daemon_reply){.trouble = "below --root no v6guardd runs"};
	return DAEMON_ABSENT;
}

int daemon_must_ask(const struct cli *cli, const char *line, json_t **out)
{
	struct daemon_reply reply;

	switch (daemon_ask(cli, line, DAEMON_LIMIT_MS, &reply)) {
	case DAEMON_ANSWERED:
		*out = reply.json;
		return EXIT_DONE;
	case DAEMON_ABSENT:
		complain("%s, and this needs it", reply.trouble);
		break;
	case DAEMON_REFUSED:
	case DAEMON_FAILED:
		complain("%s", reply.trouble);
		break;
	}
	return EXIT_ENVIRONMENT;
}

size_t daemon_partners(const struct gp_addr *addr, struct gp_addr *out, size_t max)
{
	char text[GP_ADDR_TEXT], line[sizeof("partners ") + GP_ADDR_TEXT];
	struct daemon_reply reply;
	size_t count = 0, i;
	json_t *item;

	snprintf(line, sizeof(line), "partners %s", gp_addr_format(addr, text));
	if (ask(line, DAEMON_LIMIT_MS, &reply) != DAEMON_ANSWERED)
		return 0;
	json_array_foreach(json_object_get(reply.json, "partners"), i, item)
	{
		const char *partner = json_string_value(item);
		struct gp_addr found;
		if (count < max && partner && gp_addr_parse(partner, &found) == GP_OK &&
		    found.family == AF_INET)
			out[count++] = found;
	}
	json_decref(reply.json);
	return count;
}
