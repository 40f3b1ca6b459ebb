/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dnsbatch.c - see dnsbatch.h. */
#include <errno.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dnsbatch.h"
#include "guard/clock.h"

struct batch {
	int fd;
	bool is_plain;
	uint16_t first_id; /* an item's is that and its place */
	const struct dnsbatch_item *items;
	size_t count, answered;
};

/* False: nobody is there. */
static bool send_open(const struct batch *batch)
{
	uint8_t question[512];

	for (size_t i = 0; i < batch->count; i++) {
		const struct dnsbatch_item *item = &batch->items[i];
		const uint16_t id = (uint16_t)(batch->first_id + i);
		size_t size;
		if (item->out->is_there)
			continue;
		size = batch->is_plain
			       ? dnsask_plain(item->name, item->type, id, question)
			       : dnsask_build(item->name, item->type, false, id,
					      question);
		if (size && send(batch->fd, question, size, MSG_DONTWAIT) < 0 &&
		    errno == ECONNREFUSED)
			return false;
	}
	return true;
}

/* False: nobody is there. */
static bool take_answer(struct batch *batch)
{
	static struct dnsask asked;
	const ssize_t got =
		recv(batch->fd, asked.bytes, sizeof(asked.bytes), MSG_DONTWAIT);
	size_t place;

	if (got < 0)
		return errno == EAGAIN || errno == EINTR;
	if (got < 12)
		return true;
	place = (uint16_t)((asked.bytes[0] << 8 | asked.bytes[1]) - batch->first_id);
	asked.size = (size_t)got;
	if (place >= batch->count || batch->items[place].out->is_there ||
	    !dnsask_read(&asked))
		return true;
	answers_read(&asked, batch->items[place].type, batch->items[place].out);
	batch->answered++;
	return true;
}

static void wait_for_all(struct batch *batch, size_t open, int limit_ms)
{
	const long long begin = gp_boot_ms();
	struct pollfd poll_fd = {.fd = batch->fd, .events = POLLIN};
	long long end = begin + limit_ms / 3;

	for (unsigned round = 0; round < 2; round++, end = begin + limit_ms) {
		if (!send_open(batch))
			return;
		while (batch->answered < open) {
			const long long left = end - gp_boot_ms();
			if (left <= 0)
				break;
			if (poll(&poll_fd, 1, (int)left) > 0 && !take_answer(batch))
				return;
		}
	}
}

size_t dnsbatch(const char *server, bool is_plain, const struct dnsbatch_item *items,
		size_t count, int limit_ms)
{
	struct batch batch = {.fd = dnsask_connect(server),
			      .is_plain = is_plain,
			      .items = items,
			      .count = count};
	size_t open = 0;

	if (batch.fd < 0)
		return 0;
	if (getrandom(&batch.first_id, sizeof(batch.first_id), 0) < 0)
		batch.first_id = (uint16_t)gp_boot_ms();
	for (size_t i = 0; i < count; i++)
		open += !items[i].out->is_there;
	wait_for_all(&batch, open, limit_ms);
	close(batch.fd);
	return batch.answered;
}
