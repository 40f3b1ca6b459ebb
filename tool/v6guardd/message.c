/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* message.c - typed messages between steward and worker. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "message.h"

#define HEAD offsetof(struct message, u)

/* Bytes of TYPE's part of a message; SIZE_MAX: there is no such type. */
static size_t body_size(uint32_t type)
{
	switch ((enum message_type)type) {
	case MESSAGE_READY:
	case MESSAGE_RELOAD:
	case MESSAGE_REREAD:
	case MESSAGE_RELOADED:
	case MESSAGE_NSCD:
	case MESSAGE_BARRED:
	case MESSAGE_SETTINGS:
	case MESSAGE_MAP:
	case MESSAGE_CONTROL:
		return 0;
	case MESSAGE_RESCUE:
		return sizeof(struct message_rescue);
	case MESSAGE_REFUSED:
		return sizeof(((struct message *)NULL)->u.text);
	case MESSAGE_RESCUED:
		return sizeof(struct message_rescued);
	case MESSAGE_ABILITY:
		return sizeof(struct message_ability);
	case MESSAGE_ULA:
		return sizeof(struct ula_rows);
	case MESSAGE_GAI:
		return sizeof(struct knownlocal_report);
	case MESSAGE_LISTEN:
		return sizeof(struct dns_endpoint);
	case MESSAGE_LISTENER:
		return sizeof(struct message_listener);
	case MESSAGE_BAR:
		return sizeof(struct message_bar);
	}
	return SIZE_MAX;
}

static bool ends(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

static bool is_address(const struct gp_addr *addr)
{
	return addr->family == AF_INET || addr->family == AF_INET6;
}

static bool is_endpoint(const struct dns_endpoint *endpoint)
{
	return is_address(&endpoint->addr) && endpoint->port;
}

static bool is_socket(const struct gp_socket *socket)
{
	return is_address(&socket->local) && is_address(&socket->remote);
}

static bool is_rescued_valid(const struct message_rescued *rescued)
{
	return is_socket(&rescued->socket) && is_address(&rescued->partner) &&
	       rescued->why <= RESCUE_RETRANSMITS && rescued->status <= GP_BUSY &&
	       rescued->pid >= 0 && ends(rescued->program, sizeof(rescued->program)) &&
	       ends(rescued->unit, sizeof(rescued->unit));
}

static bool is_valid(const struct message *message)
{
	switch ((enum message_type)message->type) {
	case MESSAGE_READY:
	case MESSAGE_RELOAD:
	case MESSAGE_REREAD:
	case MESSAGE_RELOADED:
	case MESSAGE_NSCD:
	case MESSAGE_BARRED:
	case MESSAGE_SETTINGS:
	case MESSAGE_MAP:
	case MESSAGE_CONTROL:
		return true;
	case MESSAGE_RESCUE:
		return is_socket(&message->u.rescue.socket) &&
		       is_address(&message->u.rescue.partner) &&
		       message->u.rescue.why <= RESCUE_RETRANSMITS;
	case MESSAGE_REFUSED:
		return ends(message->u.text, sizeof(message->u.text));
	case MESSAGE_RESCUED:
		return is_rescued_valid(&message->u.rescued);
	case MESSAGE_ABILITY:
		return message->u.ability.can_destroy <= GP_BUSY;
	case MESSAGE_ULA:
		return ula_rows_are_valid(&message->u.ula);
	case MESSAGE_GAI:
		return message->u.gai.state < KNOWNLOCAL_STATES &&
		       ula_rows_are_valid(&message->u.gai.rows) &&
		       ends(message->u.gai.detail, sizeof(message->u.gai.detail));
	case MESSAGE_LISTEN:
		return is_endpoint(&message->u.endpoint);
	case MESSAGE_LISTENER:
		return is_endpoint(&message->u.listener.endpoint) &&
		       ends(message->u.listener.why, sizeof(message->u.listener.why));
	case MESSAGE_BAR:
		return message->u.bar.count <= HINT_BARS;
	}
	return false;
}

/* Room for two files. */
union files {
	struct cmsghdr header;
	uint8_t bytes[CMSG_SPACE(2 * sizeof(int))];
};

static bool send_with(int fd, enum message_type type, const struct message *message,
		      const int *files, size_t count)
{
	uint32_t head[HEAD / sizeof(uint32_t)] = {type};
	union {
		const void *readable;
		void *pointer;
	} body = {message ? (const void *)&message->u : NULL};
	struct iovec parts[] = {{head, HEAD}, {body.pointer, body_size(type)}};
	union files control = {.header = {.cmsg_len = CMSG_LEN(count * sizeof(int)),
					  .cmsg_level = SOL_SOCKET,
					  .cmsg_type = SCM_RIGHTS}};
	struct msghdr packet = {.msg_iov = parts, .msg_iovlen = message ? 2 : 1};
	ssize_t sent;

	if (body_size(type) == SIZE_MAX) {
		errno = EINVAL;
		return false;
	}
	if (count) {
		memcpy(CMSG_DATA(&control.header), files, count * sizeof(int));
		packet.msg_control = &control;
		packet.msg_controllen = CMSG_SPACE(count * sizeof(int));
	}
	do
		sent = sendmsg(fd, &packet, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent >= 0;
}

bool message_send_files(int fd, enum message_type type, const struct message *message,
			const int files[2])
{
	return send_with(fd, type, message, files, files ? 2 : 0);
}

bool message_send_file(int fd, enum message_type type, int file)
{
	return send_with(fd, type, NULL, &file, 1);
}

bool message_send(int fd, enum message_type type, const struct message *message)
{
	return send_with(fd, type, message, NULL, 0);
}

/* ---- settings ---- */

static bool write_all(int file, const uint8_t *bytes, size_t size)
{
	while (size) {
		const ssize_t done = write(file, bytes, size);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		bytes += done;
		size -= (size_t)done;
	}
	return true;
}

bool message_send_settings(int fd, const struct settings *settings)
{
	struct gp_record_out out = {.failed = false};
	bool is_sent = false;
	int file = -1;

	settings_write(settings, &out);
	if (out.failed)
		errno = ENOMEM;
	else if (out.size > SETTINGS_SIZE)
		errno = E2BIG;
	else
		file = memfd_create("settings", MFD_CLOEXEC);
	if (file >= 0) {
		is_sent = write_all(file, out.bytes, out.size) &&
			  send_with(fd, MESSAGE_SETTINGS, NULL, &file, 1);
		close(file);
	}
	free(out.bytes);
	return is_sent;
}

/* All of FILE, copied, so that nobody changes it while it is looked at. */
static uint8_t *read_file(int file, size_t *size)
{
	struct stat status;
	uint8_t *bytes;

	if (fstat(file, &status) < 0 || !S_ISREG(status.st_mode) || status.st_size < 1 ||
	    status.st_size > (off_t)SETTINGS_SIZE || lseek(file, 0, SEEK_SET) < 0)
		return NULL;
	bytes = malloc((size_t)status.st_size);
	*size = 0;
	while (bytes && *size < (size_t)status.st_size) {
		const ssize_t got =
			read(file, bytes + *size, (size_t)status.st_size - *size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			free(bytes);
			return NULL;
		}
		*size += (size_t)got;
	}
	return bytes;
}

bool message_take_settings(int file, struct settings *out)
{
	size_t size;
	uint8_t *bytes = read_file(file, &size);
	const bool is_good = bytes && settings_read(bytes, size, out);

	if (!is_good)
		memset(out, 0, sizeof(*out));
	free(bytes);
	close(file);
	return is_good;
}

/* ---- receiving ---- */

static void close_files(int files[2])
{
	for (size_t i = 0; i < 2; i++) {
		if (files[i] >= 0)
			close(files[i]);
		files[i] = -1;
	}
}

static void take_files(struct msghdr *packet, int files[2])
{
	const struct cmsghdr *header = CMSG_FIRSTHDR(packet);

	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
		memcpy(files, CMSG_DATA(header),
		       header->cmsg_len >= CMSG_LEN(2 * sizeof(int)) ? 2 * sizeof(int)
								     : sizeof(int));
}

/* As many as TYPE comes with. */
static bool are_files_right(uint32_t type, const int files[2])
{
	const unsigned count = (files[0] >= 0) + (files[1] >= 0);

	if (type == MESSAGE_SETTINGS || type == MESSAGE_MAP || type == MESSAGE_CONTROL)
		return count == 1;
	return !count ||
	       (count == 2 && (type == MESSAGE_LISTENER || type == MESSAGE_BARRED));
}

int message_receive_files(int fd, struct message *message, int files[2])
{
	union files control;
	struct iovec part = {message, sizeof(*message)};
	struct msghdr packet = {.msg_iov = &part, .msg_iovlen = 1};
	bool is_good;
	ssize_t got;

	/* Without room for them the kernel closes what comes. */
	if (files) {
		files[0] = files[1] = -1;
		packet.msg_control = &control;
		packet.msg_controllen = sizeof(control);
	}
	do
		got = recvmsg(fd, &packet, MSG_TRUNC | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -1;
	if (files)
		take_files(&packet, files);
	if (got == 0) {
		errno = EPIPE;
		return -1;
	}
	is_good = (size_t)got >= HEAD && (size_t)got <= sizeof(*message) &&
		  (size_t)got - HEAD == body_size(message->type) && is_valid(message) &&
		  (!files || are_files_right(message->type, files));
	if (!is_good && files)
		close_files(files);
	return is_good;
}

int message_receive(int fd, struct message *message)
{
	return message_receive_files(fd, message, NULL);
}
