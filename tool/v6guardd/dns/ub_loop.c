/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ub_loop.c - see ub_loop.h. */
#include <event2/event_struct.h>
#include <stdlib.h>
#include <unbound-event.h>

#include "ub_heard.h"
#include "ub_loop.h"

_Static_assert(UB_EV_TIMEOUT == EV_TIMEOUT && UB_EV_READ == EV_READ &&
		       UB_EV_WRITE == EV_WRITE && UB_EV_SIGNAL == EV_SIGNAL &&
		       UB_EV_PERSIST == EV_PERSIST,
	       "libunbound's event bits are libevent's");

struct loop {
	struct ub_event_base ub; /* first: it is what libunbound holds */
	struct event_base *base;
	struct ub_heard *heard; /* NULL: nobody wants to know */
};

/* libunbound makes four for each question: the event is part of it. */
struct loop_event {
	struct ub_event ub; /* first */
	struct event event;
	struct loop *loop;
	void (*callback)(int, short, void *);
	void *arg;
};

/* The event may be gone when libunbound returns. */
static void on_event(evutil_socket_t fd, short what, void *arg)
{
	const struct loop_event *event = arg;
	struct ub_heard *heard = event->loop->heard;

	if (heard && what & EV_READ) {
		ub_heard_look(heard, fd);
		heard->is_reading = true;
	}
	event->callback(fd, what, event->arg);
	if (heard) {
		heard->is_reading = false;
		heard->size = 0;
	}
}

static struct loop_event *event_of(struct ub_event *ub)
{
	return (struct loop_event *)(void *)ub;
}

/* An event that is made anew with other bits or another descriptor is not pending. */
static void reassign(struct loop_event *event, int fd, short bits)
{
	event_del(&event->event);
	event_assign(&event->event, event_get_base(&event->event), fd, bits,
		     event_get_callback(&event->event),
		     event_get_callback_arg(&event->event));
}

static void add_bits(struct ub_event *ub, short bits)
{
	struct loop_event *event = event_of(ub);

	reassign(event, event_get_fd(&event->event),
		 (short)(event_get_events(&event->event) | bits));
}

static void del_bits(struct ub_event *ub, short bits)
{
	struct loop_event *event = event_of(ub);

	reassign(event, event_get_fd(&event->event),
		 (short)(event_get_events(&event->event) & ~bits));
}

static void set_fd(struct ub_event *ub, int fd)
{
	struct loop_event *event = event_of(ub);

	reassign(event, fd, event_get_events(&event->event));
}

static void free_event(struct ub_event *ub)
{
	struct loop_event *event = event_of(ub);

	event_del(&event->event);
	free(event);
}

static int add(struct ub_event *ub, struct timeval *patience)
{
	return event_add(&event_of(ub)->event, patience);
}

static int del(struct ub_event *ub)
{
	return event_del(&event_of(ub)->event);
}

static int add_timer(struct ub_event *ub, struct ub_event_base *loop,
		     void (*callback)(int, short, void *), void *arg,
		     struct timeval *patience)
{
	struct loop_event *event = event_of(ub);

	event_del(&event->event);
	event->loop = (struct loop *)(void *)loop;
	event->callback = callback;
	event->arg = arg;
	if (event_assign(&event->event, event->loop->base, -1, EV_TIMEOUT, on_event,
			 event) < 0)
		return -1;
	return evtimer_add(&event->event, patience);
}

static int refuse_signal(struct ub_event *ub, struct timeval *patience)
{
	(void)ub, (void)patience;
	return -1;
}

static void no_event(struct ub_event *ub)
{
	(void)ub;
}

static void no_block(struct ub_event *ub, int bit)
{
	(void)ub, (void)bit;
}

static struct ub_event *new_event(struct ub_event_base *ub, int fd, short bits,
				  void (*callback)(int, short, void *), void *arg)
{
	static struct ub_event_vmt methods = {
		.add_bits = add_bits,
		.del_bits = del_bits,
		.set_fd = set_fd,
		.free = free_event,
		.add = add,
		.del = del,
		.add_timer = add_timer,
		.del_timer = del,
		.add_signal = refuse_signal,
		.del_signal = del,
		.winsock_unregister_wsaevent = no_event,
		.winsock_tcp_wouldblock = no_block,
	};
	struct loop *loop = (struct loop *)(void *)ub;
	struct loop_event *event = calloc(1, sizeof(*event));

	if (!event)
		return NULL;
	event->ub.magic = UB_EVENT_MAGIC;
	event->ub.vmt = &methods;
	event->loop = loop;
	event->callback = callback;
	event->arg = arg;
	if (!event_assign(&event->event, loop->base, fd, bits, on_event, event))
		return &event->ub;
	free(event);
	return NULL;
}

static void free_base(struct ub_event_base *ub)
{
	(void)ub;
}

static int no_dispatch(struct ub_event_base *ub)
{
	(void)ub;
	return -1;
}

static int no_exit(struct ub_event_base *ub, struct timeval *patience)
{
	(void)ub, (void)patience;
	return -1;
}

static struct ub_event *no_signal(struct ub_event_base *ub, int number,
				  void (*callback)(int, short, void *), void *arg)
{
	(void)ub, (void)number, (void)callback, (void)arg;
	return NULL;
}

static struct ub_event *no_winsock(struct ub_event_base *ub, void *event,
				   void (*callback)(int, short, void *), void *arg)
{
	(void)ub, (void)event, (void)callback, (void)arg;
	return NULL;
}

struct ub_event_base *ub_loop_new(struct event_base *base)
{
	static struct ub_event_base_vmt methods = {
		.free = free_base,
		.dispatch = no_dispatch,
		.loopexit = no_exit,
		.new_event = new_event,
		.new_signal = no_signal,
		.winsock_register_wsaevent = no_winsock,
	};
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return NULL;
	loop->ub.magic = UB_EVENT_MAGIC;
	loop->ub.vmt = &methods;
	loop->base = base;
	return &loop->ub;
}

void ub_loop_hear(struct ub_event_base *loop, struct ub_heard *heard)
{
	((struct loop *)(void *)loop)->heard = heard;
}

void ub_loop_free(struct ub_event_base *loop)
{
	free(loop);
}
