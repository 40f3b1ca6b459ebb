/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* eventlog.c - one JSON object a line. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "eventlog.h"

struct eventlog {
	int fd;
	unsigned kinds;
	unsigned long lost; /* lines that nobody would take */
	bool is_torn;       /* the end of the last one is missing */
};

struct eventlog *eventlog_new(int fd, unsigned kinds)
{
	struct eventlog *log = calloc(1, sizeof(*log));

	if (!log)
		return NULL;
	log->fd = fd;
	log->kinds = kinds;
	return log;
}

void eventlog_free(struct eventlog *log)
{
	free(log);
}

void eventlog_set_kinds(struct eventlog *log, unsigned kinds)
{
	log->kinds = kinds;
}

static json_t *time_value(void)
{
	struct timespec now;
	struct tm utc;
	char text[40];

	clock_gettime(CLOCK_REALTIME, &now);
	if (!gmtime_r(&now.tv_sec, &utc))
		return json_null();
	const size_t length = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text + length, sizeof(text) - length, ".%03ldZ", now.tv_nsec / 1000000);
	return json_string(text);
}

/* A socket may be shared with others, who want it to block; the loop may not. */
static ssize_t put(int fd, const char *bytes, size_t size)
{
	ssize_t written;

	do {
		written = send(fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (written < 0 && errno == ENOTSOCK)
			written = write(fd, bytes, size);
	} while (written < 0 && errno == EINTR);
	return written;
}

/* In one write: others may write as well. */
static void write_line(struct eventlog *log, const char *text)
{
	const size_t length = strlen(text);
	const bool was_torn = log->is_torn;
	const size_t size = was_torn + length + 1;
	char *line = malloc(size);
	ssize_t written;

	if (!line) {
		log->lost++;
		return;
	}
	line[0] = '\n';
	memcpy(line + was_torn, text, length);
	line[size - 1] = '\n';
	written = put(log->fd, line, size);
	if (written > 0)
		log->is_torn = (size_t)written < size && written > was_torn;
	if (written == (ssize_t)size)
		log->lost = 0;
	else
		log->lost++;
	free(line);
}

bool eventlog_wants(const struct eventlog *log, enum event_kind kind)
{
	return log->fd >= 0 && log->kinds & 1U << kind;
}

void eventlog_lose(struct eventlog *log, enum event_kind kind)
{
	log->lost += eventlog_wants(log, kind);
}

void eventlog_write(struct eventlog *log, enum event_kind kind, json_t *fields)
{
	json_t *event;
	char *text;

	if (!eventlog_wants(log, kind)) {
		json_decref(fields);
		return;
	}
	event = json_pack("{s:o s:s}", "time", time_value(), "event",
			  event_kind_name(kind));
	if (event && fields)
		json_object_update(event, fields);
	if (event && log->lost)
		json_object_set_new(event, "lost", json_integer((json_int_t)log->lost));
	text = event ? json_dumps(event, JSON_COMPACT) : NULL;
	if (text)
		write_line(log, text);
	else
		log->lost++;
	free(text);
	json_decref(event);
	json_decref(fields);
}
