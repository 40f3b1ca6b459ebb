/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dnsask.c - asking, see dnsask.h. libc writes names and reads messages. */
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <poll.h>
#include <resolv.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "address/sockaddr.h"
#include "dnsask.h"
#include "guard/clock.h"
#include "guard/idna.h"
#include "guard/qtype.h"

#define OPT_SIZE 1232
#define EDE_OPTION 15
/* RFC 8914 4.4, 4.20. */
#define STALE 3
#define STALE_NXDOMAIN 19

unsigned dnsask_type(const char *word)
{
	uint16_t type;

	return gp_qtype_parse(word, strlen(word), &type) ? type : 0;
}

const char *dnsask_rcode(unsigned rcode)
{
	static const char *const names[] = {"NOERROR",  "FORMERR", "SERVFAIL",
					    "NXDOMAIN", "NOTIMP",  "REFUSED"};

	return rcode < sizeof(names) / sizeof(names[0]) ? names[rcode] : "another error";
}

/* ---- asking ---- */

/* LIMIT_MS is for the way there as well, where that takes time; 0: none. */
static int connect_by(int kind, const char *server, int limit_ms)
{
	const struct timeval limit = {limit_ms / 1000, limit_ms % 1000 * 1000L};
	union gp_sockaddr name;
	socklen_t length;
	struct gp_addr addr;
	uint16_t port;
	int fd;

	if (!gp_config_listen(server, &addr, &port)) {
		errno = EINVAL;
		return -1;
	}
	length = gp_sockaddr_fill(&name, &addr, port);
	fd = socket(addr.family, kind | SOCK_CLOEXEC, 0);
	if (fd >= 0 &&
	    (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0 ||
	     setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0 ||
	     connect(fd, &name.any, length) < 0)) {
		const int saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

int dnsask_connect(const char *server)
{
	return connect_by(SOCK_DGRAM, server, 0);
}

/* As the question has it; its length, -1 when it is none. */
static int put_name(const char *name, uint8_t to[256])
{
	char ascii[GP_IDNA_MAX];
	const char *why;
	bool is_ascii = true;

	if (!strcmp(name, ".")) {
		*to = 0;
		return 1;
	}
	if (!name[0])
		return -1;
	for (const char *c = name; *c; c++)
		is_ascii &= (*c & 0x80) == 0;
	if (!is_ascii && gp_idna_to_ascii(name, ascii, &why) != GP_OK)
		return -1;
	return dn_comp(is_ascii ? name : ascii, to, 256, NULL, NULL);
}

size_t dnsask_plain(const char *name, unsigned type, uint16_t id, uint8_t out[512])
{
	/* RD, one question. */
	const uint8_t head[12] = {(uint8_t)(id >> 8), (uint8_t)id, 1, 0, 0, 1};
	uint8_t *at = out + sizeof(head);
	const int length = put_name(name, at);

	memcpy(out, head, sizeof(head));
	if (length < 0)
		return 0;
	at += length;
	NS_PUT16(type, at);
	NS_PUT16(1, at);
	return (size_t)(at - out);
}

size_t dnsask_build(const char *name, unsigned type, bool dnssec_ok, uint16_t id,
		    uint8_t out[512])
{
	const uint8_t opt[15] = {0,
				 0,
				 41,
				 OPT_SIZE >> 8,
				 OPT_SIZE & 0xff,
				 0,
				 0,
				 dnssec_ok ? 0x80 : 0,
				 0,
				 0,
				 4,
				 GP_OPTION_WHY >> 8,
				 GP_OPTION_WHY & 0xff};
	const size_t size = dnsask_plain(name, type, id, out);

	if (!size)
		return 0;
	/* AD (RFC 6840 5.7), and one additional record. */
	out[3] = 0x20;
	out[11] = 1;
	memcpy(out + size, opt, sizeof(opt));
	return size + sizeof(opt);
}

const char *dnsask_reverse(const struct gp_addr *addr, char out[DNSASK_REVERSE])
{
	const uint8_t *b = addr->bytes;
	size_t used = 0;

	if (addr->family == AF_INET) {
		snprintf(out, DNSASK_REVERSE, "%u.%u.%u.%u.in-addr.arpa", b[3], b[2],
			 b[1], b[0]);
		return out;
	}
	for (int i = 15; i >= 0; i--)
		used += (size_t)snprintf(out + used, DNSASK_REVERSE - used, "%x.%x.",
					 b[i] & 0xf, b[i] >> 4);
	snprintf(out + used, DNSASK_REVERSE - used, "ip6.arpa");
	return out;
}

bool dnsask_is_name(const char *name)
{
	uint8_t question[512];

	return dnsask_build(name, 1, false, 0, question) != 0;
}

/* They end on terminals. */
static void copy_words(char to[DNSASK_WORDS], const uint8_t *from, size_t size)
{
	size_t used = 0;

	for (; used < size && used < DNSASK_WORDS - 1; used++)
		to[used] =
			(char)(from[used] < ' ' || from[used] > '~' ? '?' : from[used]);
	to[used] = '\0';
}

/* What is said of its age stands beside what else there is to say. */
static void take_error(int code, const uint8_t *text, size_t size, struct dnsask *out)
{
	if (code == STALE || code == STALE_NXDOMAIN) {
		out->is_stale = true;
		return;
	}
	out->ede = code;
	copy_words(out->ede_text, text, size);
}

static void read_opt(const ns_rr *rr, struct dnsask *out)
{
	const uint8_t *at = ns_rr_rdata(*rr), *end = at + ns_rr_rdlen(*rr);

	out->rcode |= (unsigned)ns_rr_ttl(*rr) >> 24 << 4;
	while (end - at >= 4) {
		const unsigned code = (unsigned)at[0] << 8 | at[1];
		const unsigned size = (unsigned)at[2] << 8 | at[3];
		at += 4;
		if (size > (size_t)(end - at))
			return;
		if (code == EDE_OPTION && size >= 2)
			take_error(at[0] << 8 | at[1], at + 2, size - 2, out);
		if (code == GP_OPTION_WHY)
			copy_words(out->why, at, size);
		at += size;
	}
}

bool dnsask_read(struct dnsask *out)
{
	ns_msg message;
	ns_rr rr;

	if (ns_initparse(out->bytes, (int)out->size, &message) < 0 ||
	    !ns_msg_getflag(message, ns_f_qr))
		return false;
	out->rcode = (unsigned)ns_msg_getflag(message, ns_f_rcode);
	out->is_cut = ns_msg_getflag(message, ns_f_tc);
	out->is_authentic = ns_msg_getflag(message, ns_f_ad);
	out->is_stale = false;
	out->ede = -1;
	out->ede_text[0] = out->why[0] = '\0';
	for (int i = 0; i < ns_msg_count(message, ns_s_ar); i++)
		if (ns_parserr(&message, ns_s_ar, i, &rr) == 0 && ns_rr_type(rr) == 41)
			read_opt(&rr, out);
	return true;
}

/* Another id is somebody else's, and not waited for any longer than the limit. */
static bool wait_for(int fd, uint16_t id, int limit_ms, struct dnsask *out)
{
	const long long end = gp_boot_ms() + limit_ms;
	struct pollfd poll_fd = {fd, POLLIN, 0};

	for (long long left = limit_ms; left > 0; left = end - gp_boot_ms()) {
		ssize_t got;
		if (poll(&poll_fd, 1, (int)left) <= 0)
			continue;
		got = recv(fd, out->bytes, sizeof(out->bytes), 0);
		if (got < 0)
			return false;
		out->size = (size_t)got;
		if (got >= 12 && out->bytes[0] == id >> 8 && out->bytes[1] == (id & 0xff))
			return true;
	}
	errno = ETIMEDOUT;
	return false;
}

static bool receive_all(int fd, uint8_t *to, size_t size)
{
	const ssize_t got = recv(fd, to, size, MSG_WAITALL);

	if (got >= 0 && (size_t)got < size)
		errno = ECONNRESET;
	return got >= 0 && (size_t)got == size;
}

/* The same question over TCP, where its answer has room (RFC 7766 5). */
static bool ask_by_tcp(const char *server, const uint8_t *question, size_t size,
		       int limit_ms, struct dnsask *out)
{
	const int fd = connect_by(SOCK_STREAM, server, limit_ms);
	uint8_t framed[2 + 512] = {(uint8_t)(size >> 8), (uint8_t)size}, head[2];
	bool is_good;

	memcpy(framed + 2, question, size);
	is_good = fd >= 0 &&
		  send(fd, framed, size + 2, MSG_NOSIGNAL) == (ssize_t)(size + 2) &&
		  receive_all(fd, head, sizeof(head));
	if (is_good) {
		out->size = (size_t)head[0] << 8 | head[1];
		is_good = receive_all(fd, out->bytes, out->size);
	}
	if (!is_good && (errno == EAGAIN || errno == EINPROGRESS))
		errno = ETIMEDOUT;
	if (fd >= 0)
		close(fd);
	return is_good;
}

static bool ask_by_udp(const char *server, const uint8_t *question, size_t size,
		       int limit_ms, struct dnsask *out)
{
	const uint16_t id = (uint16_t)(question[0] << 8 | question[1]);
	const int fd = dnsask_connect(server);
	const bool is_good = fd >= 0 && send(fd, question, size, 0) == (ssize_t)size &&
			     wait_for(fd, id, limit_ms, out);
	const int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
	return is_good;
}

bool dnsask(const char *server, const char *name, unsigned type, bool dnssec_ok,
	    int limit_ms, struct dnsask *out, char why[128])
{
	uint8_t question[512];
	uint16_t id = 0;
	size_t size;

	if (getrandom(&id, sizeof(id), 0) != sizeof(id))
		id = (uint16_t)gp_boot_ms();
	size = dnsask_build(name, type, dnssec_ok, id, question);
	if (!size) {
		snprintf(why, 128, "'%.64s' is no name", name);
		return false;
	}
	bool has_come = ask_by_udp(server, question, size, limit_ms, out);
	bool is_read = has_come && dnsask_read(out);
	if (is_read && out->is_cut) {
		has_come = ask_by_tcp(server, question, size, limit_ms, out);
		is_read = has_come && dnsask_read(out);
	}
	if (!has_come)
		snprintf(why, 128, "%s",
			 errno == ETIMEDOUT ? "no answer" : strerror(errno));
	else if (!is_read)
		snprintf(why, 128, "its answer cannot be read");
	return is_read;
}
