#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# v6guard resolver enable where the resolver is off: it is switched on in v6guard.conf, and
# v6guardd started anew by systemd, of which there is no more here than what stands in for
# systemctl, on machines that have none as well; when anything fails all is as it was.
. "$(dirname "$0")/lab.sh"
lab_enter "$@"
lab_host v6only-noroute4 six
mkdir -p "$LAB_DIR/six/etc/v6guard"
conf=$LAB_DIR/six/etc/v6guard/v6guard.conf
file=$LAB_DIR/six/etc/resolv.conf
told=$LAB_DIR/told
mkdir "$LAB_DIR/bin"
cat >"$LAB_DIR/bin/systemctl" <<END
#!/bin/sh
PATH=$PATH
echo "\$*" >>$told
case \$1 in
is-active) exit 0 ;;
restart) [ ! -e $LAB_DIR/fails ] || exit 1 ;;
*) exit 1 ;;
esac
pid=\$(cat /run/v6guard/v6guardd.lock)
kill "\$pid"
i=0
while v6guard -q verdict list >/dev/null 2>&1 && [ \$i -lt 200 ]; do i=\$((i + 1)); sleep 0.05; done
v6guardd -f >>$LAB_DIR/six/daemon.log 2>&1 </dev/null &
i=0
until v6guard -q verdict list >/dev/null 2>&1 || [ \$i -ge 200 ]; do i=\$((i + 1)); sleep 0.05; done
END
chmod +x "$LAB_DIR/bin/systemctl"
printf '#!/bin/sh\nPATH=%s\necho "Started v6guardd.service."\ntail -n 2 %s\n' "$PATH" "$LAB_DIR/six/daemon.log" >"$LAB_DIR/bin/journalctl"
chmod +x "$LAB_DIR/bin/journalctl"
on six mount -t overlay lab -o "lowerdir=$LAB_DIR/bin:/usr/bin" /usr/bin ||
	lab_refuse "no overlay file system, which puts the stand-in for systemctl in its place; with a real systemd it is for a lab that has one"
v() { on six v6guard "$@" 2>&1; }
# enable WORDS...: status and what was said; then what systemd was told, and what changed.
enable() {
	local said status
	: >"$told"
	said=$(v resolver enable "$@")
	status=$?
	echo "$status $said"
	paste -sd, "$told"
	cmp -s "$LAB_DIR/conf" "$conf" || grep '^enable' "$conf"
	cmp -s "$LAB_DIR/resolv" "$file" || grep '^nameserver' "$file"
}

printf '# mine\n[log]\nevents = none\n' >"$conf"
cp "$conf" "$LAB_DIR/conf"
cp "$file" "$LAB_DIR/resolv"
daemon six
check "without systemd: what to do" '4 v6guard: the resolver is off: [resolver] enable = no (`v6guard config set resolver.enable yes`, and a restart of v6guardd)
' "$(enable)
"
mkdir -p "$LAB_DIR/six/run/systemd/system"
got=$(enable --dry-run)
check "a dry run: what would be done, both files, and nothing is" '1 would set [resolver] enable = yes
would restart v6guardd.service, which begins to listen then
would let /etc/resolv.conf lead to it
would ask it and the name servers for A and AAAA of labbox.lab.test, lab.test, and put all back if the answers differ
+enable = yes
+nameserver 127.0.0.64
+nameserver ::1
is-active v6guardd.service' "$(grep '^[+](enable|nameserver)|^1|^would|^is-' -E <<<"$got")"
check "the same for programs" '4 steps' "$(v --json resolver enable --dry-run | "$python" -c 'import json, sys; print(len(json.load(sys.stdin)["plan"]), "steps")')"
touch "$LAB_DIR/fails"
echo 'v6guardd: v6guard.conf:3:1: because of this' >>"$LAB_DIR/six/daemon.log"
check "systemd cannot: what v6guardd said, and all is as it was" '4 v6guard: v6guardd did not come up again
v6guard: v6guardd said: v6guard.conf:3:1: because of this
v6guard: /etc/v6guard/v6guard.conf: put back as it was
v6guard: v6guardd does not come up with that either
v6guard: v6guardd said: v6guard.conf:3:1: because of this
is-active v6guardd.service,restart v6guardd.service,restart v6guardd.service' "$(enable)"
rm "$LAB_DIR/fails"
daemon_stop six
daemon six
for address in 127.0.0.64 ::1; do
	on six "$python" -c 'import os, socket, sys, time
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 53)); print(os.getpid(), flush=True); time.sleep(60)' $address >"$LAB_DIR/squatter$address" &
	until_true 5 test -s "$LAB_DIR/squatter$address"
done
check "its ports are taken: by whom, and all is as it was" '4 v6guard: the resolver listens nowhere: [::1]:53 is not listened on: in use by python3 (pid N)
v6guard: /etc/v6guard/v6guard.conf: put back as it was
is-active v6guardd.service,restart v6guardd.service,restart v6guardd.service' "$(enable | sed 's/pid [0-9]*/pid N/')"
check "and v6guardd runs, without a resolver" '[resolver] enable = no' "$(v resolver status | sed -n 's/^because *//p')"
cat "$LAB_DIR"/squatter* | xargs kill
check "on, and resolv.conf leads to it" '0 resolver: programs that start from now on ask it
is-active v6guardd.service,restart v6guardd.service
enable = yes
nameserver 127.0.0.64
nameserver ::1' "$(enable)"
check "the rest of the file is as it was" '# mine' "$(head -n 1 "$conf")"
check "it answers" 1 "$(on six getent ahosts dual.lab.test | grep -c '2001:db8:64::1 *STREAM')"
check "once more: nothing to do" '0 unchanged' "$(enable | head -n 1)"
check "disable: the file is as it was" 'as it was' "$(v -q resolver disable; cmp -s "$LAB_DIR/resolv" "$file" && echo as it was)"
kill "$(cat "$LAB_DIR/six/run/v6guard/v6guardd.lock")"
until_true 10 bash -c "! nsenter -t ${lab_pid[six]} -n -m v6guard -q verdict list"
daemon_stop six
lab_done
