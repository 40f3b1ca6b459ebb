/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* clang-format off */
/*
 * dns_scenario.h - what happens to the resolver as a text, in the files
 * tests/data/dns/NAME.scn. A statement begins at the margin, and the indented lines below
 * belong to it; `#` begins a comment. What stands before the first `case` is done again
 * for each of them. Times: 250ms, 4s. Names end with a dot.
 *
 *   for VAR in WORD...        all is run for each WORD, which stands for $VAR
 *   case TEXT
 *   only WORD                 this case is for that WORD alone
 *   conf                      below: v6guard.conf; the second time: changed and reloaded
 *   network ipv6|no-ipv6 ipv4|no-ipv4      what the host has (at first both)
 *   verdict PREFIX ok|broken|slow|unknown
 *   own PREFIX                addresses of the host
 *   onlink PREFIX
 *   routed PREFIX, unrouted PREFIX         routes beside the default ones, or that say there is none
 *   alive                     name servers answer when that is doubted
 *   dead                      none does (at first)
 *   off                       `v6guard off`
 *   on
 *   date YYYY-MM-DD           the wall clock, for `until`
 *
 *   upstream NAME TYPE WHAT [after=TIME] [at-once] [secure|bogus] [cd|checked] [server=NUMBER]
 *                             what is said to that question from now on. WHAT: an RCODE,
 *                             below its records; silent: never anything; nothing: in the
 *                             end no packet (below: what libunbound makes nothing of, for
 *                             t_dns_conform.sh); round: no packet, as CNAMEs had no end (the same);
 *                             unaskable; query: a packet that is none; cut: half of one. Comes
 *                             after 10ms. cd, checked: only to those. server: which one says
 *                             it, from 1 on; else it is not known
 *     [authority|additional] OWNER TTL TYPE VALUE         (values: dns_record.h)
 *
 *   ask NAME TYPE [do] [cd] [ad] [no-rd] [plain] [edns=SIZE] [tcp] [from=ADDRESS]
 *       [class=NUMBER] [times=N] [as=LABEL] [why]
 *                             by UDP with EDNS 1232 of 127.0.0.1; plain: without EDNS;
 *                             why: and asks why the answer is as it is
 *   wait TIME
 *   answer [RCODE] [ad] [aa] [tc] [ede=NUMBER]... [by=TEXT] [why=TEXT] [after=TIME] [size<=BYTES]
 *       [to=LABEL]
 *                             what the last `ask` gets, or got; time passes until then.
 *                             Whole: each flag, the error and all records, in their order,
 *                             TTLs as well. after: exactly so long after the question;
 *                             by: the error's text, _ for its blanks; why: a part of
 *                             what it says to that, `-` if nothing
 *     [authority|additional] OWNER TTL TYPE VALUE
 *   silence [to=LABEL]        there is no answer yet
 *   asked NAME TYPE [cd] [+ NAME TYPE [cd]]...
 *                             upstream heard these questions since the last `asked`, and
 *                             no others; `asked nothing`
 *   told ADDRESS... [+ ADDRESS...]...
 *                             addresses that the verdicts were told of together, since the
 *                             last `told`; with ? those that are withheld. `told nothing`
 *   decided WORD... [+ WORD...]...
 *                             what lookups came to since the last `decided`: stale, late,
 *                             bogus, synthesized, rebind, block, all, stripped, with ? by
 *                             enforce = no alone; by=NAME; found=NAME, where CNAMEs lead.
 *                             `decided nothing`
 *   epoch                     another network: no verdict holds any more
 *   flush [NAME]
 *   cached NUMBER             answers that are kept
 *   counters NAME=NUMBER...   of struct serve_counters, or types.A, rcodes.NXDOMAIN,
 *                             upstream_aaaa.timeouts, latency.16, as `resolver stats` has
 *                             them
 *
 * A question that is asked upstream and that no `upstream` answers fails the case.
 */
/* clang-format on */
#ifndef TESTS_UNIT_DNS_SCENARIO_H
#define TESTS_UNIT_DNS_SCENARIO_H

#include <stddef.h>

struct scenario_file {
	char *name; /* without folders */
	size_t line_count;
	char **lines;
	char *variable; /* NULL: none */
	size_t word_count;
	char *words[8];
};

struct scenario {
	const struct scenario_file *file;
	char *name;         /* FILE: CASE (WORD) */
	const char *word;   /* NULL: none */
	size_t from, until; /* its lines; the preamble is all before the first case */
	size_t preamble;
};

/** All of the folder's files, to LIST; how many. A file that is wrong fails the test. */
size_t scenario_load(const char *folder, struct scenario **list);
void scenario_free(struct scenario *list, size_t count);

/** Between world_begin and world_end. */
void scenario_run(const struct scenario *scenario);

#endif
