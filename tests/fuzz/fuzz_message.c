/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any packet as a message between steward and worker. What is accepted has values that
 * its receiver may use as they are, and is the same packet when it is sent again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "tool/v6guardd/message.h"

#define HEAD offsetof(struct message, u)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* As the receivers do. */
static void use(const struct message *message)
{
	char text[GP_ADDR_TEXT];

	switch ((enum message_type)message->type) {
	case MESSAGE_READY:
	case MESSAGE_RELOAD:
	case MESSAGE_REREAD:
	case MESSAGE_RELOADED:
	case MESSAGE_NSCD:
	case MESSAGE_BARRED:
		break;
	case MESSAGE_RESCUE:
		must(gp_addr_format(&message->u.rescue.partner, text) == text);
		must(message->u.rescue.why <= RESCUE_RETRANSMITS);
		break;
	case MESSAGE_SETTINGS:
		must(settings_are_valid(&message->u.settings));
		must(strlen(message->u.settings.log_to) <
		     sizeof(message->u.settings.log_to));
		for (size_t i = 0; i < message->u.settings.excluded_count; i++)
			must(strlen(message->u.settings.excluded[i]) < SETTINGS_WORD);
		break;
	case MESSAGE_REFUSED:
		must(strlen(message->u.text) < sizeof(message->u.text));
		break;
	case MESSAGE_RESCUED:
		must(gp_status_text((enum gp_status)message->u.rescued.status) != NULL);
		must(strlen(message->u.rescued.program) <
		     sizeof(message->u.rescued.program));
		must(strlen(message->u.rescued.unit) < sizeof(message->u.rescued.unit));
		break;
	case MESSAGE_ULA:
		must(ula_rows_are_valid(&message->u.ula));
		break;
	case MESSAGE_LISTENER:
		must(gp_addr_format(&message->u.listener.endpoint.addr, text) == text);
		must(strlen(message->u.listener.why) < LISTEN_WHY);
		break;
	case MESSAGE_LISTEN:
		must(gp_addr_format(&message->u.endpoint.addr, text) == text);
		must(message->u.endpoint.port);
		break;
	case MESSAGE_BAR:
		must(message->u.bar.count <= HINT_BARS);
		break;
	case MESSAGE_GAI:
		must(knownlocal_state_name((enum knownlocal_state)message->u.gai.state) !=
		     NULL);
		must(strlen(message->u.gai.detail) < sizeof(message->u.gai.detail));
		break;
	case MESSAGE_ABILITY:
		must(gp_status_text((enum gp_status)message->u.ability.can_destroy) !=
		     NULL);
		break;
	}
}

/*
 * Settings are kilobytes of a layout that changes with each new key: what begins as such
 * a message stands for the built-in ones, with a byte changed for each three that follow,
 * two of place (little-endian) and one of value.
 */
static const uint8_t *complete(const uint8_t *data, size_t *size)
{
	static struct message whole;
	uint8_t *bytes = (uint8_t *)&whole.u.settings;
	uint32_t type;

	_Static_assert(sizeof(whole.u.settings) < 0x10000, "two bytes of place");
	if (*size < HEAD || *size >= HEAD + sizeof(whole.u.settings))
		return data;
	memcpy(&type, data, sizeof(type));
	if (type != MESSAGE_SETTINGS)
		return data;
	memset(&whole, 0, sizeof(whole));
	memcpy(&whole, data, HEAD);
	settings_init(&whole.u.settings);
	for (size_t at = HEAD; at + 3 <= *size; at += 3)
		bytes[(data[at] | data[at + 1] << 8) % sizeof(whole.u.settings)] =
			data[at + 2];
	*size = HEAD + sizeof(whole.u.settings);
	return (const uint8_t *)&whole;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct message message;
	static uint8_t again[sizeof(struct message)];
	static int pair[2] = {-1, -1};

	if (pair[0] < 0 &&
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair))
		abort();
	data = complete(data, &size);
	if (!size || send(pair[0], data, size, 0) != (ssize_t)size)
		return 0;
	if (message_receive(pair[1], &message) != 1) {
		must(message_receive(pair[1], &message) == -1 && errno == EAGAIN);
		return 0;
	}
	use(&message);
	must(message_send(pair[0], (enum message_type)message.type,
			  size > HEAD ? &message : NULL));
	must(recv(pair[1], again, sizeof(again), MSG_TRUNC) == (ssize_t)size);
	must(!memcmp(again + HEAD, data + HEAD, size - HEAD));
	return 0;
}
