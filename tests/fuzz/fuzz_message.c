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
	case MESSAGE_SETTINGS:
	case MESSAGE_MAP:
	case MESSAGE_CONTROL:
		break;
	case MESSAGE_RESCUE:
		must(gp_addr_format(&message->u.rescue.partner, text) == text);
		must(message->u.rescue.why <= RESCUE_RETRANSMITS);
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct message message;
	static uint8_t again[sizeof(struct message)];
	static int pair[2] = {-1, -1};

	if (pair[0] < 0 &&
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair))
		abort();
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
