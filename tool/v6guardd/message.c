/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* message.c - typed messages between steward and worker. */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "message.h"

#define HEAD offsetof(struct message, u)

/* Bytes of TYPE's part of a message; SIZE_MAX: there is no such type. */
static size_t body_size(uint32_t type)
{
	switch ((enum message_type)type) {
	case MESSAGE_READY:
	case MESSAGE_RELOAD:
	case MESSAGE_NSCD:
		return 0;
	case MESSAGE_RESCUE:
		return sizeof(struct message_rescue);
	case MESSAGE_SETTINGS:
		return sizeof(struct settings);
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
	case MESSAGE_NSCD:
		return true;
	case MESSAGE_RESCUE:
		return is_socket(&message->u.rescue.socket) &&
		       is_address(&message->u.rescue.partner) &&
		       message->u.rescue.why <= RESCUE_RETRANSMITS;
	case MESSAGE_SETTINGS:
		return settings_are_valid(&message->u.settings);
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
	}
	return false;
}

bool message_send(int fd, enum message_type type, const struct message *message)
{
	uint32_t head[HEAD / sizeof(uint32_t)] = {type};
	union {
		const void *readable;
		void *pointer;
	} body = {message ? (const void *)&message->u : NULL};
	struct iovec parts[] = {{head, HEAD}, {body.pointer, body_size(type)}};
	struct msghdr packet = {.msg_iov = parts, .msg_iovlen = message ? 2 : 1};
	ssize_t sent;

	do
		sent = sendmsg(fd, &packet, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent >= 0;
}

int message_receive(int fd, struct message *message)
{
	ssize_t got;

	do
		got = recv(fd, message, sizeof(*message), MSG_TRUNC | MSG_DONTWAIT);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -1;
	if (got == 0) {
		errno = EPIPE;
		return -1;
	}
	if ((size_t)got < HEAD || (size_t)got > sizeof(*message))
		return 0;
	return (size_t)got - HEAD == body_size(message->type) && is_valid(message);
}
