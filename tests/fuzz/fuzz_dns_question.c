/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any bytes as a client's message, as anybody may send them. What is good has a whole
 * name; what is refused gets a reply that can be read, and is no question again. And as
 * what servers answered: cut to fit, and as libunbound hands it over after a failure.
 */
#include <stdlib.h>
#include <string.h>

#include "tool/v6guardd/dns/answer_private.h"
#include "tool/v6guardd/dns/upstream_packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool is_so)
{
	if (!is_so)
		abort();
}

static void check_answer(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	size_t left;

	expect(copy && size <= WIRE_MAX);
	memcpy(copy, data, size);
	left = upstream_packet(2, copy, (int)size, (const uint8_t *)"\3www", WIRE_AAAA);
	expect(!left || (left == size && size > WIRE_HEADER && copy[2] & 0x80));
	upstream_packet_goes_round(copy, (int)size, (const uint8_t *)"\3www", WIRE_AAAA,
				   false);
	left = upstream_packet(0, copy, (int)size, (const uint8_t *)"\3www", WIRE_AAAA);
	expect(!left || left == size);
	left = answer_cut(copy, size);
	expect(left <= size);
	if (left)
		expect(left > WIRE_HEADER && copy[2] & WIRE_TC >> 8 && !copy[7] &&
		       !copy[9] && copy[11] <= 1);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct question question, again;
	char text[WIRE_NAME_TEXT];
	uint8_t out[512];
	enum question_fate fate;
	size_t written;

	if (size <= WIRE_MAX)
		check_answer(data, size);
	memset(&question, 0x7f, sizeof(question));
	fate = question_read(data, size, &question);
	if (fate == QUESTION_DROP)
		return 0;
	if (question.has_question) {
		expect(wire_name_length(question.name) == question.name_length);
		expect(wire_name_equal(question.name, question.asked));
		expect(memchr(wire_name_text(question.name, text), '\0', sizeof(text)));
	}
	expect(fate == QUESTION_REFUSE || (question.has_question && !question.rcode));
	expect(question.size >= 512);
	written = answer_refuse(&question,
				fate == QUESTION_GOOD ? WIRE_REFUSED
						      : (enum wire_rcode)question.rcode,
				ANSWER_EDE_PROHIBITED, 1232, out);
	expect(written <= sizeof(out) && out[0] == data[0] && out[1] == data[1]);
	expect(question_read(out, written, &again) == QUESTION_DROP);
	return 0;
}
