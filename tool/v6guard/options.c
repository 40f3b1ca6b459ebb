/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* options.c - the command line's options, whatever the command. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

#define SECONDS_MAX (100LL * 366 * 86400)

enum {
	OPT_JSON = 256,
	OPT_COLOR,
	OPT_ROOT,
	OPT_VERSION,
	OPT_CHECK,
	OPT_DRY_RUN,
	OPT_FOR,
	OPT_VERIFY,
	OPT_DOORS,
	OPT_WATCH,
	OPT_RESCUE,
	OPT_MODE,
	OPT_CONFIG,
	OPT_TRACE,
	OPT_COMPARE,
	OPT_LIMIT,
	OPT_NO_PROBE,
	OPT_MINIMAL,
	OPT_FILE,
	OPT_EFFECTIVE,
	OPT_PROFILE,
	OPT_KERNEL,
	OPT_PROGRAM,
	OPT_DNSSEC,
};

static const struct option options[] = {
	{"json", no_argument, NULL, OPT_JSON},
	{"color", required_argument, NULL, OPT_COLOR},
	{"root", required_argument, NULL, OPT_ROOT},
	{"quiet", no_argument, NULL, 'q'},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, OPT_VERSION},
	{"check", no_argument, NULL, OPT_CHECK},
	{"dry-run", no_argument, NULL, OPT_DRY_RUN},
	{"for", required_argument, NULL, OPT_FOR},
	{"verify", required_argument, NULL, OPT_VERIFY},
	{"doors", required_argument, NULL, OPT_DOORS},
	{"watch", no_argument, NULL, OPT_WATCH},
	{"rescue", no_argument, NULL, OPT_RESCUE},
	{"mode", required_argument, NULL, OPT_MODE},
	{"config", required_argument, NULL, OPT_CONFIG},
	{"trace", no_argument, NULL, OPT_TRACE},
	{"compare", no_argument, NULL, OPT_COMPARE},
	{"limit", required_argument, NULL, OPT_LIMIT},
	{"no-probe", no_argument, NULL, OPT_NO_PROBE},
	{"minimal", no_argument, NULL, OPT_MINIMAL},
	{"file", no_argument, NULL, OPT_FILE},
	{"effective", no_argument, NULL, OPT_EFFECTIVE},
	{"profile", required_argument, NULL, OPT_PROFILE},
	{"kernel", no_argument, NULL, OPT_KERNEL},
	{"program", required_argument, NULL, OPT_PROGRAM},
	{"dnssec", no_argument, NULL, OPT_DNSSEC},
	{NULL, 0, NULL, 0},
};

static int unknown_option(const char *word)
{
	const char *words[sizeof(options) / sizeof(options[0])];
	size_t count = 0;
	char bare[40];

	snprintf(bare, sizeof(bare), "%.*s", (int)strcspn(word, "="), word);
	for (; options[count].name; count++)
		words[count] = options[count].name;
	const char *guess =
		strncmp(bare, "--", 2) ? NULL : gp_nearest(bare + 2, words, count);
	if (guess)
		complain("unknown option '%s': did you mean '--%s'?", bare, guess);
	else
		complain("unknown option '%s': see `v6guard --help`", bare);
	return EXIT_USAGE;
}

static int take_verify(struct cli *cli, const char *name)
{
	if (!name[0]) {
		complain("option '--verify' needs a name");
		return EXIT_USAGE;
	}
	if (cli->verify_count == VERIFY_MAX) {
		complain("--verify: at most %d names", VERIFY_MAX);
		return EXIT_USAGE;
	}
	cli->verify[cli->verify_count++] = name;
	return EXIT_DONE;
}

/* getopt_long leaves in optopt: 0 for an unknown long option, the option's value for a
 * long one that got a value it does not take, else the unknown letter. */
static int refuse_option(const char *word, const char *next)
{
	const char letter[] = {'-', (char)optopt, '\0'};
	bool is_known = false;

	/* A number with a sign, most likely: "policy set label ::/0 -1". */
	if (optopt >= '0' && optopt <= '9') {
		/* Of "-12" it has seen the 1. */
		complain("'%s' is no value: a number from 0 to %d",
			 next && !strncmp(next, letter, 2) ? next : word, INT_MAX);
		return EXIT_INPUT;
	}
	for (size_t i = 0; options[i].name; i++)
		is_known |= options[i].val == optopt;
	if (!is_known)
		return unknown_option(optopt == 0 ? word : letter);
	complain("option '%.*s' takes no value", (int)strcspn(word, "="), word);
	return EXIT_USAGE;
}

/* False: it is none of these. */
static bool take_run_option(struct cli *cli, struct wishes *wishes, int option)
{
	switch (option) {
	case OPT_MODE:
		cli->mode = optarg;
		wishes->given |= ON_MODE;
		return true;
	case OPT_CONFIG:
		cli->config = optarg;
		wishes->given |= ON_CONFIG;
		return true;
	case OPT_TRACE:
		cli->is_trace = true;
		wishes->given |= ON_TRACE;
		return true;
	case OPT_COMPARE:
		cli->is_compare = true;
		wishes->given |= ON_COMPARE;
		return true;
	case OPT_LIMIT:
		cli->limit = optarg;
		wishes->given |= ON_LIMIT;
		return true;
	case OPT_PROGRAM:
		cli->program = optarg;
		wishes->given |= ON_PROGRAM;
		return true;
	case OPT_NO_PROBE:
		cli->is_no_probe = true;
		wishes->given |= ON_NO_PROBE;
		return true;
	default:
		return false;
	}
}

static bool take_policy_option(struct cli *cli, struct wishes *wishes, int option)
{
	switch (option) {
	case OPT_MINIMAL:
		cli->is_minimal = true;
		wishes->given |= ON_MINIMAL;
		return true;
	case OPT_FILE:
		cli->is_file = true;
		wishes->given |= ON_FILE;
		return true;
	case OPT_EFFECTIVE:
		cli->is_effective = true;
		wishes->given |= ON_EFFECTIVE;
		return true;
	case OPT_KERNEL:
		cli->is_kernel = true;
		wishes->given |= ON_KERNEL;
		return true;
	case OPT_PROFILE:
		cli->profile = optarg;
		wishes->given |= ON_PROFILE;
		return true;
	default:
		return false;
	}
}

static bool take_query_option(struct cli *cli, struct wishes *wishes, int option)
{
	switch (option) {
	case 'x':
		cli->is_reverse = true;
		wishes->given |= ON_REVERSE;
		return true;
	case OPT_DNSSEC:
		cli->is_dnssec = true;
		wishes->given |= ON_DNSSEC;
		return true;
	default:
		return false;
	}
}

static int take_option(struct cli *cli, struct wishes *wishes, int option,
		       char *const *argv)
{
	switch (option) {
	case OPT_JSON:
		wishes->is_json = true;
		break;
	case OPT_COLOR:
		wishes->color = optarg;
		break;
	case OPT_ROOT:
		cli->root = optarg;
		break;
	case OPT_CHECK:
		cli->is_check = true;
		wishes->given |= ON_CHECK;
		break;
	case OPT_DRY_RUN:
		cli->is_dry_run = true;
		wishes->given |= ON_DRY_RUN;
		break;
	case OPT_FOR:
		cli->for_time = optarg;
		wishes->given |= ON_FOR;
		break;
	case OPT_VERIFY:
		wishes->given |= ON_VERIFY;
		return take_verify(cli, optarg);
	case OPT_DOORS:
		cli->doors = optarg;
		wishes->given |= ON_DOORS;
		break;
	case OPT_WATCH:
		cli->is_watch = true;
		wishes->given |= ON_WATCH;
		break;
	case OPT_RESCUE:
		cli->is_rescue = true;
		wishes->given |= ON_RESCUE;
		break;
	case 'q':
		cli->is_quiet = true;
		break;
	case 'h':
		wishes->has_help = true;
		break;
	case OPT_VERSION:
		wishes->has_version = true;
		break;
	case ':':
		complain("option '%s' needs a value", argv[optind - 1]);
		return EXIT_USAGE;
	default:
		return refuse_option(argv[optind - 1], argv[optind]);
	}
	return EXIT_DONE;
}

/* Where the verb is `run`, whose words are a program's from the first one on that is no
 * option; 0: it is another. */
static int find_run(int argc, char *const *argv)
{
	int i = 1;

	while (i < argc && argv[i][0] == '-' && argv[i][1]) {
		if (!strcmp(argv[i], "--"))
			return 0;
		i += options_takes_value(argv[i]) ? 2 : 1;
	}
	return i < argc && !strcmp(argv[i], "run") ? i : 0;
}

static int take_options(struct cli *cli, struct wishes *wishes, int argc, char **argv,
			const char *letters)
{
	int option;

	while ((option = getopt_long(argc, argv, letters, options, NULL)) != -1) {
		if (take_run_option(cli, wishes, option) ||
		    take_policy_option(cli, wishes, option) ||
		    take_query_option(cli, wishes, option))
			continue;
		int code = take_option(cli, wishes, option, argv);
		if (code != EXIT_DONE)
			return code;
	}
	return EXIT_DONE;
}

/* Those before the verb at AT and those behind it; it then stands before what is left. */
static int take_run_options(struct cli *cli, struct wishes *wishes, int argc, char **argv,
			    int at)
{
	char *const verb = argv[at];
	int code = take_options(cli, wishes, argc, argv, "+:qh");

	optind = at + 1;
	if (code == EXIT_DONE)
		code = take_options(cli, wishes, argc, argv, "+:qh");
	optind--;
	memmove(&argv[at], &argv[at + 1], (size_t)(optind - at) * sizeof(*argv));
	argv[optind] = verb;
	return code;
}

int options_take(struct cli *cli, struct wishes *wishes, int argc, char **argv)
{
	static const char *const colors[] = {"auto", "always", "never"};
	const int run = find_run(argc, argv);
	int code;

	opterr = 0;
	code = run ? take_run_options(cli, wishes, argc, argv, run)
		   : take_options(cli, wishes, argc, argv, ":qhx");
	if (code != EXIT_DONE)
		return code;
	for (size_t i = 0; i < 3; i++)
		if (!strcmp(wishes->color, colors[i]))
			return EXIT_DONE;
	complain("--color: '%s' is none of auto, always, never", wishes->color);
	return EXIT_USAGE;
}

bool options_takes_value(const char *word)
{
	for (size_t i = 0; options[i].name; i++)
		if (!strncmp(word, "--", 2) && !strcmp(word + 2, options[i].name))
			return options[i].has_arg == required_argument;
	return false;
}

const char *options_beyond(const struct wishes *wishes, unsigned allowed)
{
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = {{ON_CHECK, "--check"},       {ON_DRY_RUN, "--dry-run"},
		     {ON_FOR, "--for"},           {ON_VERIFY, "--verify"},
		     {ON_DOORS, "--doors"},       {ON_WATCH, "--watch"},
		     {ON_RESCUE, "--rescue"},     {ON_MODE, "--mode"},
		     {ON_CONFIG, "--config"},     {ON_TRACE, "--trace"},
		     {ON_COMPARE, "--compare"},   {ON_LIMIT, "--limit"},
		     {ON_NO_PROBE, "--no-probe"}, {ON_MINIMAL, "--minimal"},
		     {ON_FILE, "--file"},         {ON_EFFECTIVE, "--effective"},
		     {ON_PROFILE, "--profile"},   {ON_KERNEL, "--kernel"},
		     {ON_PROGRAM, "--program"},   {ON_REVERSE, "-x"},
		     {ON_DNSSEC, "--dnssec"}};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (wishes->given & names[i].bit & ~allowed)
			return names[i].name;
	return NULL;
}

int64_t options_milliseconds(const char *text)
{
	static const struct {
		const char *name;
		long long ms;
	} units[] = {{"ms", 1},
		     {"s", 1000},
		     {"m", 60 * 1000},
		     {"h", 3600 * 1000},
		     {"d", 86400LL * 1000}};
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return 0;
	errno = 0;
	long long number = strtoll(text, &end, 10);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(end, units[i].name) != 0)
			continue;
		if (errno || number > SECONDS_MAX * 1000 / units[i].ms)
			return 0;
		return number * units[i].ms;
	}
	return 0;
}

int options_for_time(const struct cli *cli, int64_t *seconds)
{
	*seconds = (options_milliseconds(cli->for_time) + 999) / 1000;
	if (*seconds > 0)
		return EXIT_DONE;
	complain("--for: '%s' is not a time like 500ms, 30s, 10m, 2h or 1d",
		 cli->for_time);
	return EXIT_INPUT;
}
