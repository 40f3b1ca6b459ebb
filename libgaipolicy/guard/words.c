/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* words.c - the words of the guard: what v6guard.conf, explain and JSON call things. */
#include <string.h>

#include "gaipolicy.h"

const char *gp_status_text(enum gp_status status)
{
	switch (status) {
	case GP_OK:
		return "ok";
	case GP_NOMEM:
		return "no memory";
	case GP_IO:
		return "input/output error";
	case GP_PERM:
		return "permission denied";
	case GP_SYNTAX:
		return "syntax error";
	case GP_RANGE:
		return "out of range";
	case GP_NOTFOUND:
		return "not found";
	case GP_CONFLICT:
		return "conflict";
	case GP_UNSUPPORTED:
		return "not supported";
	case GP_BUSY:
		return "busy";
	}
	return "unknown status";
}

const char *gp_mode_name(enum gp_mode mode)
{
	switch (mode) {
	case GP_MODE_OFF:
		return "off";
	case GP_MODE_AUTO:
		return "auto";
	case GP_MODE_PREFER_IPV4:
		return "prefer-ipv4";
	case GP_MODE_PREFER_IPV6:
		return "prefer-ipv6";
	case GP_MODE_STRIP_AAAA:
		return "strip-aaaa";
	case GP_MODE_STRIP_A:
		return "strip-a";
	case GP_MODE_COUNT:
		break;
	}
	return NULL;
}

enum gp_status gp_mode_parse(const char *name, enum gp_mode *out)
{
	for (int mode = 0; mode < GP_MODE_COUNT; mode++) {
		if (strcmp(name, gp_mode_name((enum gp_mode)mode)))
			continue;
		*out = (enum gp_mode)mode;
		return GP_OK;
	}
	return GP_NOTFOUND;
}

const char *gp_rule_action_name(enum gp_rule_action action)
{
	if (action == GP_DO_ALLOW)
		return "allow";
	return action == GP_DO_BLOCK ? "block" : gp_mode_name((enum gp_mode)action);
}

enum gp_status gp_rule_action_parse(const char *name, enum gp_rule_action *out)
{
	for (int i = 0; i < GP_DO_COUNT; i++) {
		if (strcmp(name, gp_rule_action_name((enum gp_rule_action)i)) != 0)
			continue;
		*out = (enum gp_rule_action)i;
		return GP_OK;
	}
	return GP_NOTFOUND;
}

const char *gp_verdict_name(enum gp_verdict verdict)
{
	switch (verdict) {
	case GP_VERDICT_UNKNOWN:
		return "unknown";
	case GP_VERDICT_OK:
		return "ok";
	case GP_VERDICT_BROKEN:
		return "broken";
	case GP_VERDICT_SLOW:
		return "slow";
	case GP_VERDICT_COUNT:
		break;
	}
	return NULL;
}

enum gp_status gp_verdict_parse(const char *name, enum gp_verdict *out)
{
	for (int verdict = 0; verdict < GP_VERDICT_COUNT; verdict++) {
		if (strcmp(name, gp_verdict_name((enum gp_verdict)verdict)))
			continue;
		*out = (enum gp_verdict)verdict;
		return GP_OK;
	}
	return GP_NOTFOUND;
}

const char *gp_disposition_name(enum gp_disposition disposition)
{
	switch (disposition) {
	case GP_KEPT:
		return "kept";
	case GP_STRIPPED:
		return "stripped";
	case GP_DEMOTED:
		return "demoted";
	case GP_SYNTHESIZED:
		return "synthesized";
	}
	return NULL;
}

const char *gp_reason_name(enum gp_reason reason)
{
	switch (reason) {
	case GP_WHY_NOTHING:
		return "nothing";
	case GP_WHY_MODE:
		return "mode";
	case GP_WHY_EXEMPT_NAME:
		return "exempt-name";
	case GP_WHY_EXEMPT_ADDRESS:
		return "exempt-address";
	case GP_WHY_OWN_ADDRESS:
		return "own-address";
	case GP_WHY_AAAA_ONLY:
		return "aaaa-only";
	case GP_WHY_LAST_ADDRESS:
		return "last-address";
	case GP_WHY_NO_USABLE_IPV4:
		return "no-usable-ipv4";
	case GP_WHY_NO_USABLE_IPV6:
		return "no-usable-ipv6";
	case GP_WHY_BROKEN:
		return "broken";
	case GP_WHY_SLOW:
		return "slow";
	case GP_WHY_UNTESTED:
		return "untested";
	case GP_WHY_ORDER:
		return "order";
	case GP_WHY_ANSWERED:
		return "answered";
	case GP_WHY_NO_ANSWER:
		return "no-answer";
	case GP_WHY_NOT_ASKED:
		return "aaaa-not-asked";
	case GP_WHY_NO_ROUTE:
		return "no-route";
	case GP_WHY_COUNT:
		break;
	}
	return NULL;
}
