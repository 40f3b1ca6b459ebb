/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a socket is proof of: as Linux 6.18 showed it, in network namespaces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "guard/sockdiag.h"

#define ESTABLISHED 1
#define SYN_SENT 2
#define CLOSED 7

/* What Linux 6.18 showed, in network namespaces; t_kernel.sh asks again. */
static const struct {
	const char *what;
	struct gp_socket socket;
	enum gp_evidence evidence;
} proofs[] = {
	{"closed without data: SYN and FIN are a byte each",
	 {.state = CLOSED, .rtt_us = 97, .bytes_acked = 2, .bytes_received = 1},
	 GP_EVIDENCE_OK},
	{"closed, 10 bytes there and 2 back",
	 {.state = CLOSED,
	  .rtt_us = 36,
	  .bytes_acked = 12,
	  .bytes_received = 3,
	  .has_sent_data = 1},
	 GP_EVIDENCE_DATA_OK},
	{"closed, one byte there", /* and the FIN lost nothing */
	 {.state = CLOSED, .rtt_us = 30, .bytes_acked = 3, .has_sent_data = 1},
	 GP_EVIDENCE_DATA_OK},
	{"closed, only something received",
	 {.state = CLOSED, .rtt_us = 30, .bytes_acked = 2, .bytes_received = 7},
	 GP_EVIDENCE_DATA_OK},
	{"closed, no round trip measured (retransmitted SYN, no timestamps)",
	 {.state = CLOSED, .bytes_acked = 2, .bytes_received = 1},
	 GP_EVIDENCE_OK},
	{"blackhole, gave up at 4 s",
	 {.state = CLOSED, .retransmits = 3},
	 GP_EVIDENCE_FAILED},
	{"blackhole, gave up at 0.7 s", {.state = CLOSED}, GP_EVIDENCE_NONE},
	{"blackhole, ETIMEDOUT after one retry",
	 {.state = CLOSED, .retransmits = 2},
	 GP_EVIDENCE_FAILED},
	{"ICMP prohibited", {.state = CLOSED, .retransmits = 1}, GP_EVIDENCE_NONE},
	{"refused", {.state = CLOSED}, GP_EVIDENCE_NONE},
	{"aborted: the counters are wiped, but for the shortest round trip",
	 {.state = CLOSED, .was_answered = 1},
	 GP_EVIDENCE_NONE},
	{"... and the retransmits: a stalled connection, not a failed connect",
	 {.state = CLOSED, .retransmits = 3, .was_answered = 1},
	 GP_EVIDENCE_NONE},
	{"connecting, first second", {.state = SYN_SENT, .unacked = 1}, GP_EVIDENCE_NONE},
	{"connecting, one retransmit",
	 {.state = SYN_SENT, .retransmits = 1, .unacked = 1},
	 GP_EVIDENCE_NONE},
	{"connecting, two",
	 {.state = SYN_SENT, .retransmits = 2, .unacked = 1},
	 GP_EVIDENCE_FAILED},
	{"connected, and about to ask perhaps",
	 {.state = ESTABLISHED, .rtt_us = 31, .bytes_acked = 1, .received_ms = 1000},
	 GP_EVIDENCE_REACHED},
	{"connected, and nothing to say",
	 {.state = ESTABLISHED, .rtt_us = 31, .bytes_acked = 1, .received_ms = 1001},
	 GP_EVIDENCE_OK},
	{"one byte acknowledged: the answer may be stuck",
	 {.state = ESTABLISHED, .rtt_us = 31, .bytes_acked = 2, .has_sent_data = 1},
	 GP_EVIDENCE_REACHED},
	{"one byte received: more may be stuck",
	 {.state = ESTABLISHED, .rtt_us = 31, .bytes_acked = 1, .bytes_received = 1},
	 GP_EVIDENCE_REACHED},
	{"a packet of full size received",
	 {.state = ESTABLISHED,
	  .rtt_us = 31,
	  .bytes_acked = 90,
	  .bytes_received = 1428,
	  .largest = 1428,
	  .has_sent_data = 1},
	 GP_EVIDENCE_DATA_OK},
	{"... which needs more than 1280 bytes on its way",
	 {.state = ESTABLISHED,
	  .rtt_us = 31,
	  .bytes_acked = 90,
	  .bytes_received = 1199,
	  .largest = 1199,
	  .has_sent_data = 1},
	 GP_EVIDENCE_REACHED},
	{"closed a second after its last data",
	 {.state = CLOSED,
	  .rtt_us = 31,
	  .bytes_acked = 90,
	  .bytes_received = 200,
	  .sent_ms = 5000,
	  .received_ms = 1000,
	  .has_sent_data = 1},
	 GP_EVIDENCE_DATA_OK},
	{"closed, waiting in vain for 4 s",
	 {.state = CLOSED,
	  .rtt_us = 31,
	  .bytes_acked = 90,
	  .sent_ms = 3996,
	  .received_ms = 3996,
	  .has_sent_data = 1},
	 GP_EVIDENCE_REACHED},
	{"... for the rest of what it got a header of",
	 {.state = CLOSED,
	  .rtt_us = 31,
	  .bytes_acked = 90,
	  .bytes_received = 43,
	  .sent_ms = 4016,
	  .received_ms = 4012,
	  .has_sent_data = 1},
	 GP_EVIDENCE_REACHED},
	{"data on its way proves nothing yet",
	 {.state = ESTABLISHED,
	  .rtt_us = 31,
	  .bytes_acked = 1,
	  .unacked = 1,
	  .has_sent_data = 1},
	 GP_EVIDENCE_NONE},
	{"path MTU, two retransmits",
	 {.state = ESTABLISHED,
	  .rtt_us = 31,
	  .bytes_acked = 1,
	  .unacked = 1,
	  .has_sent_data = 1,
	  .retransmits = 2},
	 GP_EVIDENCE_NONE},
	{"path MTU, three",
	 {.state = ESTABLISHED,
	  .rtt_us = 31,
	  .bytes_acked = 1,
	  .unacked = 1,
	  .has_sent_data = 1,
	  .retransmits = 3},
	 GP_EVIDENCE_STALLED},
	{"... although the server has greeted",
	 {.state = ESTABLISHED,
	  .rtt_us = 31,
	  .bytes_acked = 1,
	  .bytes_received = 90,
	  .unacked = 1,
	  .has_sent_data = 1,
	  .retransmits = 3},
	 GP_EVIDENCE_STALLED},
	{"... closed by TCP_USER_TIMEOUT: the queue is purged by then",
	 {.state = CLOSED,
	  .rtt_us = 38,
	  .bytes_acked = 1,
	  .has_sent_data = 1,
	  .retransmits = 3,
	  .quiet_ms = 5004},
	 GP_EVIDENCE_STALLED},
	{"a small request is no path MTU: four retransmits",
	 {.state = ESTABLISHED,
	  .rtt_us = 31,
	  .bytes_acked = 1,
	  .unacked = 1,
	  .sent_bytes = 1199,
	  .has_sent_data = 1,
	  .retransmits = 4},
	 GP_EVIDENCE_NONE},
	{"... but with five it is more than bad luck",
	 {.state = ESTABLISHED,
	  .rtt_us = 31,
	  .bytes_acked = 1,
	  .unacked = 1,
	  .sent_bytes = 1199,
	  .has_sent_data = 1,
	  .retransmits = 5},
	 GP_EVIDENCE_STALLED},
	{"a large one needs three",
	 {.state = ESTABLISHED,
	  .rtt_us = 31,
	  .bytes_acked = 1,
	  .unacked = 1,
	  .sent_bytes = 1200,
	  .has_sent_data = 1,
	  .retransmits = 3},
	 GP_EVIDENCE_STALLED},
	{"only the FIN was lost: no data, no path MTU",
	 {.state = CLOSED, .rtt_us = 39, .bytes_acked = 1, .retransmits = 3},
	 GP_EVIDENCE_NONE},
	{"it worked once, and something waits now",
	 {.state = ESTABLISHED,
	  .rtt_us = 31,
	  .bytes_acked = 900,
	  .bytes_received = 900,
	  .unacked = 1,
	  .has_sent_data = 1,
	  .retransmits = 1},
	 GP_EVIDENCE_NONE},
	{"it worked, 10 s ago",
	 {.state = ESTABLISHED,
	  .rtt_us = 31,
	  .bytes_acked = 900,
	  .largest = 1428,
	  .has_sent_data = 1,
	  .quiet_ms = 10000},
	 GP_EVIDENCE_DATA_OK},
	{"it worked an hour ago",
	 {.state = ESTABLISHED,
	  .rtt_us = 31,
	  .bytes_acked = 900,
	  .has_sent_data = 1,
	  .quiet_ms = 3600000},
	 GP_EVIDENCE_NONE},
};

/* The end of an answer came, and its beginning did not: what changes that, one by one. */
static const struct gp_socket gap = {
	.state = ESTABLISHED,
	.rtt_us = 50000,
	.bytes_acked = 134,
	.quiet_ms = 11001, /* 10 s and 20 round trips */
	.sent_ms = 11050,
	.received_ms = 11050,
	.largest = 757,
	.has_gap = 1,
	.has_sent_data = 1,
	.was_answered = 1,
};

static void test_gap(void **state)
{
	struct gp_socket socket;

	(void)state;
#define CASE(what, field, value, evidence)                                               \
	do {                                                                             \
		socket = gap;                                                            \
		socket.field = (value);                                                  \
		if (gp_socket_evidence(&socket) != (evidence))                           \
			fail_msg("%s: %d", what, (int)gp_socket_evidence(&socket));      \
	} while (0)
	CASE("as it is", sent_ms, 11050, GP_EVIDENCE_STALLED);
	CASE("a header came", bytes_received, 300, GP_EVIDENCE_STALLED);
	CASE("nobody asked", has_sent_data, 0, GP_EVIDENCE_STALLED);
	CASE("not for long enough", quiet_ms, 11000, GP_EVIDENCE_REACHED);
	CASE("a longer round trip", rtt_us, 50050, GP_EVIDENCE_REACHED);
	CASE("for too long", quiet_ms, 21001, GP_EVIDENCE_NONE);
	CASE("an hour", quiet_ms, 3600000, GP_EVIDENCE_NONE);
	CASE("just not a full packet", largest, 1199, GP_EVIDENCE_STALLED);
	CASE("full packets came before", largest, 1200, GP_EVIDENCE_NONE);
	CASE("a loss of ours", lost, 1, GP_EVIDENCE_NONE);
	CASE("something of ours waits", unacked, 1, GP_EVIDENCE_NONE);
	CASE("... and was sent again", retransmits, 1, GP_EVIDENCE_NONE);
	CASE("the gap has closed", has_gap, 0, GP_EVIDENCE_NONE);
#undef CASE
}

/* The peer acknowledges the end of a connection, so that it is not quiet. */
static void test_gap_closed(void **state)
{
	struct gp_socket socket = gap;

	(void)state;
	socket.state = CLOSED;
	socket.quiet_ms = 0;
	assert_int_equal(gp_socket_evidence(&socket), GP_EVIDENCE_STALLED);
	socket.received_ms = 4000;
	assert_int_equal(gp_socket_evidence(&socket), GP_EVIDENCE_REACHED);
	socket.received_ms = 25000;
	assert_int_equal(gp_socket_evidence(&socket), GP_EVIDENCE_NONE);
}

static void test_evidence(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(proofs) / sizeof(proofs[0]); i++)
		if (gp_socket_evidence(&proofs[i].socket) != proofs[i].evidence)
			fail_msg("%s: %d", proofs[i].what,
				 (int)gp_socket_evidence(&proofs[i].socket));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_evidence),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_gap_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
