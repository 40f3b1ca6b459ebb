#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# t_completions.sh - what bash, zsh and fish offer behind `v6guard`: all that its help names, as
# each shell itself completes it. A shell that is not there is skipped.
set -u
. "$(dirname "$0")/lab.sh"
find_built
work=$(mktemp -d /tmp/t_completions.XXXXXX) || exit 1
trap 'exit 1' HUP INT PIPE TERM
trap 'rm -rf "$work"' EXIT
ln -s "$V6GUARD" "$work/v6guard"
PATH=$work:$PATH
touch "$work/policy.conf"
mkdir "$work/folder"
cd "$work" || exit 1

# ---- the command itself: all of the table ----------------------------------------------------
offers() { v6guard complete -- "$@" | tr '\n' ' '; }
# The list of all: names are two columns at most, and two blanks before what they do.
v6guard --help | sed -n 's/^  \([a-z].*\)/\1/p' | cut -c1-21 | sed 's/ *$//' >"$work/names"
check "verbs" "$({ awk '{ print $1 }' "$work/names" | uniq; echo help; } | tr '\n' ' ')" "$(offers '')"
missing='' count=0
while read -r verb sub; do
	[ -z "$sub" ] || case " $(offers "$verb" '') " in *" $sub "*) ;; *) missing="$missing $verb/$sub" ;; esac
	for option in $(v6guard help $verb $sub | sed -n 's/^usage: //p' | grep -o -e '--[a-z][a-z-]*' | sort -u); do
		count=$((count + 1))
		case " $(offers $verb $sub --) " in *" $option "*) ;; *) missing="$missing $verb/$sub/$option" ;; esac
	done
	case " $(offers help $verb '') " in *" $sub "*) ;; *) missing="$missing help/$verb/$sub" ;; esac
done <"$work/names"
check "every sub-verb and option of its help" "" "$missing"
if [ "$count" -gt 30 ]; then ok "$count options"; else bad "few options" "$count"; fi
check "words of a usage line" "precedence label scopev4 " "$(offers policy set '')"
check "that begin so" "scopev4 " "$(offers policy del sc)"
check "behind an option" "scopev4 " "$(offers policy --dry-run del --root /x sc)"
check "what can be any word" "" "$(offers policy set label '')"
check "a later word" "ok broken slow " "$(offers verdict set ::/0 '')"
check "modes" "prefer-ipv4 prefer-ipv6 " "$(offers mode pref)"
check "modes of an option" "strip-aaaa strip-a " "$(offers run --mode strip)"
check "profiles" "rfc6724 rfc6724-update " "$(offers policy show --profile rfc)"
check "presets" "prefer-ipv4 prefer-ipv6 " "$(offers --root "$work" policy preset prefer-i)"
check "what diff takes" ":files preset:ula-vpn " "$(offers policy diff preset:ula)"
check "files" ":files " "$(offers policy apply x)"
check "folders" ":folders " "$(offers --root '')"
check "programs" ":commands " "$(offers run --trace -- wg)"
check "a program's options are its own" ":files " "$(offers run -- wget -)"
check "no such verb" "" "$(offers nothing '')"
check "no words at all" "$(offers '')" "$(v6guard complete | tr '\n' ' ')"

# ---- the shells ---------------------------------------------------------------------------
# cases: a command line, and what is offered for its last word.
cases() {
	cat <<-'END'
		v6guard roll|rollback
		v6guard policy pre|preset
		v6guard -q policy preset ula|ula-vpn
		v6guard policy diff profile:rfc6724-|@profile:rfc6724-update
		v6guard policy set prec|precedence
		v6guard policy set label ::/0 1 --mini|--minimal
		v6guard --color=al|@--color=always
		v6guard run --mode off|off
		v6guard policy lint pol|policy.conf
		v6guard --root fol|folder
	END
}
# shell NAME FUNCTION: FUNCTION LINE prints what NAME offers.
shell() {
	local line expected seen wrong=''
	while IFS='|' read -r line expected; do
		seen=$("$2" "$line" 2>&1 | tr '\n' ' ')
		# Behind = and : bash counts from there.
		case $1 in bash) case $expected in @*[=:]*) expected=${expected##*[=:]} ;; esac ;; esac
		[ "${seen% }" = "${expected#@}" ] || [ "${seen% }" = "${expected#@}/" ] ||
			wrong="$wrong$line: expected ${expected#@}, seen $seen"$'\n'
	done < <(cases)
	check "$1 offers them" "" "$wrong"
}
in_bash() {
	bash --norc -c '. "$1"; COMP_LINE=$2 COMP_POINT=${#2}; _v6guard 2>&1; printf "%s\n" "${COMPREPLY[@]}"' \
		- "$top/etc/completions/v6guard.bash" "$1"
}
in_zsh() {
	zsh -f -c '_files() { [[ $1 == -/ ]] && print -l -- ${words[CURRENT]}*(N/) || print -l -- ${words[CURRENT]}*(N) }
		source $1; words=(${(z)2}); CURRENT=$#words
		compadd() { [[ $1 != -Q ]] || shift; [[ $1 != -- ]] || shift; print -l -- $@ }
		_v6guard' - "$top/etc/completions/_v6guard" "$1" | grep .
}
in_fish() {
	fish --no-config -c "source '$top/etc/completions/v6guard.fish'; complete -C '$1'" | cut -f1
}
for name in bash zsh fish; do
	if command -v $name >/dev/null; then shell $name in_$name; else skip "$name" "not installed"; fi
done
if command -v zsh >/dev/null; then
	check "zsh finds it where it is installed" _v6guard "$(zsh -f -c 'fpath=($1 $fpath)
		autoload -Uz compinit && compinit -u -d $2 && print $_comps[v6guard]' - "$top/etc/completions" "$work/dump" 2>&1)"
fi
lab_done
