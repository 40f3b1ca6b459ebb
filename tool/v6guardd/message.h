/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * message.h - what steward and worker say to each other, over a SOCK_SEQPACKET pair: one
 * typed message of fixed size a packet. The receiver believes no byte of it unchecked:
 * message_receive drops what is not well-formed, and the caller what is not plausible.
 * Settings may be of any size: they are a file in memory that is sent with the message.
 */
#ifndef TOOL_V6GUARDD_MESSAGE_H
#define TOOL_V6GUARDD_MESSAGE_H

#include "dns/listen_bind.h"
#include "guard/sockdiag.h"
#include "hint_sockets.h"
#include "knownlocal.h"
#include "settings.h"

enum message_type {
	/* worker to steward */
	MESSAGE_READY = 1, /* the loop runs */
	MESSAGE_RELOAD,    /* somebody with the right to it asks for a reload */
	MESSAGE_RESCUE,    /* destroy this socket: `rescue` */
	MESSAGE_NSCD,      /* a verdict changed: nscd's answers are stale */
	MESSAGE_ULA,       /* known-local prefixes, none while v6guard is off: `ula` */
	/* steward to worker */
	MESSAGE_SETTINGS, /* a configuration that was read and checked: one file with it
			   */
	MESSAGE_REFUSED,  /* a configuration with errors: `text`; the old one stays */
	MESSAGE_RESCUED,  /* what became of a rescue: `rescued` */
	MESSAGE_ABILITY,  /* what the kernel lets the steward do: `ability` */
	MESSAGE_GAI,      /* what gai.conf has of those prefixes now: `gai` */
	/* worker to steward, and back */
	MESSAGE_LISTEN,   /* bind sockets of the resolver: `endpoint` */
	MESSAGE_LISTENER, /* what became of it: `listener`; two files with it, UDP and
			     TCP, if they could be bound */
	MESSAGE_BAR,      /* bind the hint sockets anew, closed to users: `bar` */
	MESSAGE_BARRED,   /* what became of it: two files, of hint_sockets_open; none: it
			     cannot be had here */
	/* worker to steward: an interface that the configuration names is another now */
	MESSAGE_REREAD,
	/* steward to worker, behind SETTINGS or REFUSED: that was for a MESSAGE_RELOAD */
	MESSAGE_RELOADED,
	/* steward to worker, each with one file: somebody has removed that from the run
	 * folder, and this is in its place */
	MESSAGE_MAP,     /* to be mapped, and filled with what the old one has */
	MESSAGE_CONTROL, /* bound and listening */
};

enum rescue_why {
	RESCUE_BROKEN,      /* its destination is broken already */
	RESCUE_RETRANSMITS, /* two retransmits, and the IPv4 partner answers */
};

struct message_rescue {
	struct gp_socket socket;
	struct gp_addr partner; /* the IPv4 address it was handed out with */
	uint32_t why;           /* enum rescue_why */
};

struct message_rescued {
	struct gp_socket socket;
	struct gp_addr partner;
	uint32_t why;
	uint32_t status; /* enum gp_status of gp_sockdiag_destroy; GP_CONFLICT: excluded;
			    GP_BUSY: over the steward's own rate */
	int32_t pid;     /* 0: not known */
	char program[64], unit[128];
};

struct message_ability {
	uint32_t can_destroy; /* enum gp_status of gp_sockdiag_can_destroy */
};

struct message_listener {
	struct dns_endpoint endpoint;
	char why[LISTEN_WHY]; /* it is not bound; "": it is, or is wanted no more */
};

struct message_bar {
	uint32_t count;
	uint32_t uids[HINT_BARS];
};

struct message {
	uint32_t type; /* enum message_type */
	union {
		struct message_rescue rescue;
		struct message_rescued rescued;
		struct message_ability ability;
		struct ula_rows ula;
		struct knownlocal_report gai;
		struct dns_endpoint endpoint;
		struct message_listener listener;
		struct message_bar bar;
		char text[1024];
	} u;
};

/**
 * Send TYPE and its part of MESSAGE->u. False and errno: the other side is gone, or does
 * not read (EAGAIN on a non-blocking socket).
 */
bool message_send(int fd, enum message_type type, const struct message *message);
/** MESSAGE_SETTINGS. False and errno as above; E2BIG: more than SETTINGS_SIZE. */
bool message_send_settings(int fd, const struct settings *settings);
/** What came with MESSAGE_SETTINGS, which is closed. False: it is not settings of
 * settings_write; OUT holds nothing. */
bool message_take_settings(int file, struct settings *out);
/** TYPE with one FILE, which stays the caller's. */
bool message_send_file(int fd, enum message_type type, int file);
/** The same with the two FILES, which stay the caller's. */
bool message_send_files(int fd, enum message_type type, const struct message *message,
			const int files[2]);

/**
 * Receive one packet. 1: MESSAGE is well-formed (known type, exact size, enums and
 * lengths in range, texts that end); 0: one came that was not, and was dropped; -1 and
 * errno: none there (EAGAIN) or the other side is gone (0 bytes: EPIPE).
 */
int message_receive(int fd, struct message *message);
/** The same, and the FILES that came with it, the caller's from now on; -1: there is
 * none, or 1 is not returned. With MESSAGE_SETTINGS, MESSAGE_MAP and MESSAGE_CONTROL
 * there is one, with MESSAGE_LISTENER and MESSAGE_BARRED there are two or none, and with
 * others none, or the message is dropped. */
int message_receive_files(int fd, struct message *message, int files[2]);

#endif
